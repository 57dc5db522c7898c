"""Exercises of lesson 04 on numbers: the next node, an adjoint table, accumulation."""

import math
from collections import defaultdict

import numpy as np

from checking import Exercise, Mutant, Question

# 04.2: the adjoint table of y = a · b + sin(a) at a = 2, b = 3, with p = a · b and s = sin(a)

TABLE = {"y": 1.0, "p": 1.0, "s": 1.0, "a": 3.0 + math.cos(2.0), "b": 2.0}


def table(**changed):
    """The right table with some entries changed."""
    return TABLE | changed


# 04.3: repair the backward pass that forgets the first path


def gradients(program, target):
    """The gradient of the target with respect to everything it depends on."""
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        if result not in grad:
            continue
        for name, slope in inputs:
            grad[name] = grad.get(name, 0.0) + grad[result] * slope
    return grad


def overwrites(program, target):
    """As it is handed out: every contribution replaces the one before."""
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        if result not in grad:
            continue
        for name, slope in inputs:
            grad[name] = grad[result] * slope
    return grad


def keeps_the_first(program, target):
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        for name, slope in inputs if result in grad else ():
            grad.setdefault(name, grad[result] * slope)
    return grad


def walks_forward(program, target):
    return gradients(program[::-1], target)


def forgets_what_arrived(program, target):
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        for name, slope in inputs if result in grad else ():
            grad[name] = grad.get(name, 0.0) + slope
    return grad


def multiplies_paths(program, target):
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        for name, slope in inputs if result in grad else ():
            grad[name] = grad.get(name, 1.0) * grad[result] * slope
    return grad


def starts_at_one(program, target):
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        for name, slope in inputs if result in grad else ():
            grad[name] = grad.get(name, 1.0) + grad[result] * slope
    return grad


def adds_to_nothing(program, target):
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        for name, slope in inputs if result in grad else ():
            grad[name] += grad[result] * slope
    return grad


def exchanges_factors(program, target):
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        for name, slope in inputs if result in grad else ():
            grad[name] = grad[result] + grad.get(name, 0.0) * slope
    return grad


def averages_paths(program, target):
    grad, count = {target: 1.0}, {}
    for result, inputs in reversed(program):
        for name, slope in inputs if result in grad else ():
            count[name] = count.get(name, 0) + 1
            before = grad.get(name, 0.0)
            grad[name] = before + (grad[result] * slope - before) / count[name]
    return grad


def gradients_with_defaultdict(program, target):
    grad = defaultdict(float)
    grad[target] = 1.0
    for result, inputs in program[::-1]:
        for name, slope in inputs:
            grad[name] += grad[result] * slope
    return grad


def gradients_over_all_paths(program, target):
    """Top down: the gradient of a value is the sum over those who use it."""
    uses = {}
    for result, inputs in program:
        for name, slope in inputs:
            uses.setdefault(name, []).append((result, slope))

    def of(name):
        if name == target:
            return 1.0
        return sum(of(result) * slope for result, slope in uses.get(name, ()))

    return {name: of(name) for name in [*uses, target]}


def programs(rng):
    """Chains first, then values that are used twice or more, then parts that lead nowhere."""
    yield [("y", [("a", 5.0)])], "y"
    yield [("p", [("a", 2.0)]), ("y", [("p", -3.0)])], "y"
    yield [("y", [("a", 3.0), ("a", 3.0)])], "y"
    yield [("s", [("u", 1.0), ("v", 1.0)]), ("z", [("s", 3.0), ("u", 4.0)])], "z"
    yield [("p", [("a", 4.0)]), ("side", [("a", 7.0)]), ("y", [("p", 2.0)])], "y"
    for length in (3, 4, 5, 6, 7, 8):
        names, program = ["a", "b"], []
        for number in range(length):
            many = int(rng.integers(1, 4))
            inputs = [str(rng.choice(names)) for _ in range(many)]
            slopes = np.round(rng.uniform(0.5, 3.0, many), 1) * rng.choice([-1, 1], many)
            program.append((f"v{number}", list(zip(inputs, slopes.tolist(), strict=True))))
            names.append(f"v{number}")
        yield program, names[-1]


def every_gradient(subject, program, target):
    """What came out for each name; what nothing arrived at counts as zero."""
    found = subject(program, target)
    if not hasattr(found, "get"):
        return found
    names = sorted({name for _, inputs in program for name, _ in inputs} | {target})
    return {name: float(found.get(name, 0.0)) for name in names}


EXERCISES = (
    Question(
        id="04.1",
        title="z has sent 4 to u and 3 to s. What is next?",
        choices={
            "a": "u is done: its gradient is 4",
            "b": "go on through u, because u got its number first",
            "c": "go on through s = u + v: it passes its 3 on to u and to v",
            "d": "start again at z, once for u and once for v",
        },
        answer="dd0a205e2eb5be9c",
        messages={
            "dfec14772be438d4": "u is used twice, so two contributions arrive at u. Only one has "
            "come so far.",
            "92d4771b5f2efd49": "u is an input: nothing was computed to make it, so nothing lies "
            "behind it.",
            "5e1465e4b1b0d20f": "One walk serves all inputs at once. That is the strength of "
            "reverse mode.",
        },
        right="s made z, so s is visited next, and u gets its second contribution: 4 + 3 = 7.",
        hints=("Which operation ran just before z was computed?",),
    ),
    Exercise(
        id="04.2",
        title="adjoints of y = a · b + sin(a) at a = 2, b = 3",
        reference=TABLE,
        mutants=(
            Mutant(
                table(a=3.0),
                "That is what comes through the product alone. a is also used by sin.",
            ),
            Mutant(
                table(a=math.cos(2.0)),
                "That is what comes through sin alone. a is also used by the product.",
            ),
            Mutant(
                table(a=3.0 * math.cos(2.0)),
                "Along one path slopes are multiplied, but two paths are added.",
            ),
            Mutant(
                table(a=2.0 + math.cos(2.0), b=3.0),
                "In a · b, the slope in a is b, and the slope in b is a. Yours are exchanged.",
            ),
            Mutant(
                table(a=3.0 + math.sin(2.0)),
                "The slope of sin(a) is cos(a).",
            ),
            Mutant(
                {"y": 6.0 + math.sin(2.0), "p": 6.0, "s": math.sin(2.0), "a": 2.0, "b": 3.0},
                "These are the values of the forward pass. The table asks how y reacts to each.",
            ),
            Mutant(
                table(p=0.0, s=0.0),
                "y = p + s grows by as much as p grows: the slope of a sum is 1, not 0.",
            ),
        ),
        hints=(
            "Which two operations use a? Each of them sends something to a.",
            "a = from the product (____) + from the sine (____)\nb = ____\np = s = ____\n"
            "# choose from: 1.0   2.0   3.0   np.cos(2.0)",
            "For y = c * d + exp(c) at c = 1, d = 5: the product sends 5 to c and 1 to d,\n"
            "exp sends exp(1) to c. So c gets 5 + exp(1) = 7.718 and d gets 1.",
        ),
        variants=(
            {"y": 1, "p": 1, "s": 1, "a": 2.58385, "b": 2},
            {name: np.float32(value) for name, value in reversed(TABLE.items())},
        ),
    ),
    Exercise(
        id="04.3",
        title="repair the backward pass",
        reference=gradients,
        starter=overwrites,
        probes=programs,
        run=every_gradient,
        labels=("program", "target"),
        mutants=(
            Mutant(
                keeps_the_first, "Now the first path wins and the others are lost. Keep them all."
            ),
            Mutant(
                walks_forward,
                "The walk goes forward now. A value must have all its contributions before it "
                "passes them on, and they come from what was computed after it.",
            ),
            Mutant(
                forgets_what_arrived,
                "The slopes are added, but what arrived at the result is lost: multiply by it.",
            ),
            Mutant(multiplies_paths, "Contributions of different paths are added, not multiplied."),
            Mutant(starts_at_one, "Before anything arrives there is nothing: start from 0, not 1."),
            Mutant(
                adds_to_nothing,
                "The first contribution has nothing to be added to: take 0.0 where nothing has "
                "arrived yet, as grad.get(name, 0.0) does.",
            ),
            Mutant(
                exchanges_factors,
                "What arrived at the result is to be multiplied by the slope, and the product "
                "added to what was there. Here the two are exchanged.",
            ),
            Mutant(averages_paths, "Contributions add up. Do not divide by how many there are."),
        ),
        hints=(
            "u receives two contributions. Which line decides what happens to the first one?",
            "grad[name] = grad.get(____, ____) + ____ * ____\n"
            "# choose from: slope   name   0.0   grad[result]",
            "To count words, count[w] = 1 forgets the earlier ones;\n"
            "count[w] = count.get(w, 0) + 1 keeps them.",
        ),
        variants=(gradients_with_defaultdict, gradients_over_all_paths),
    ),
    Question(
        id="04.4",
        title="Why must the walk go in reverse order of the forward pass?",
        choices={
            "a": "later operations have simpler derivatives",
            "b": "a value may pass its gradient on only when it is complete, and all its "
            "contributions come from operations that ran later",
            "c": "gradients point downhill, so one has to go backward",
            "d": "any order gives the same result; reverse is a habit",
        },
        answer="637a9c2ce2ba5b9f",
        messages={
            "ba4fe933831a2b0d": "The local rules are the same in any order. Ask what a node must "
            "wait for.",
            "156ac2077a2d1582": "A gradient says how the target reacts. Going downhill is what an "
            "optimiser "
            "does with it afterwards.",
            "5ed2cfed6766c752": "Try it on (u + v) * u: going forward, s would pass on its "
            "gradient before "
            "anything has arrived at s.",
        },
        right="Reverse order guarantees that a node is complete when its turn comes.",
        hints=("When s is visited, who must have been visited before?",),
    ),
)
