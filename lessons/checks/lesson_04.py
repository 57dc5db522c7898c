"""Exercises of lesson 04, derivatives by hand: an adjoint table, accumulation, tensor rules."""

import math
from collections import defaultdict
from functools import partial

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


# 04.6: un-broadcast


def unbroadcast(g, shape):
    """Sum a gradient down to the shape its value had before it was broadcast."""
    extra = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(extra)))
    stretched = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True)


def added_axes_only(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def stretched_axes_only(g, shape):
    extra = g.ndim - len(shape)
    axes = tuple(extra + axis for axis, size in enumerate(shape) if size == 1)
    return g.sum(axis=axes, keepdims=True)


def loses_the_axis(g, shape):
    g = added_axes_only(g, shape)
    return g.sum(axis=tuple(axis for axis, size in enumerate(shape) if size == 1))


def averaged(g, shape):
    total = unbroadcast(g, shape)
    return total * (total.size / g.size)


def first_slice(g, shape):
    g = g[(0,) * (g.ndim - len(shape))]
    return g[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)]


def everything_summed(g, shape):
    return np.full(shape, g.sum())


def unbroadcast_one_axis_at_a_time(g, shape):
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if g.shape[axis] != size:
            g = g.sum(axis=axis, keepdims=True)
    return g


def unbroadcast_by_reshape(g, shape):
    padded = (1,) * (g.ndim - len(shape)) + tuple(shape)
    axes = tuple(axis for axis in range(g.ndim) if padded[axis] == 1)
    return np.reshape(np.sum(g, axis=axes), shape)


def gradients_and_shapes(rng):
    """Shapes of g and of the value it is for: same, added axes, stretched axes, both."""
    pairs = [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), ()), ((3,), (1,)), ((2, 3), (2, 1)), ((2, 3), (1, 3)),
        ((2, 3), (1, 1)), ((2, 2), (2, 1)), ((2, 2), (1, 2)), ((2, 2), (2,)), ((4, 2, 3), (3,)),
        ((4, 2, 3), (2, 3)), ((4, 2, 3), (1, 3)), ((4, 2, 3), (2, 1)), ((4, 2, 3), (4, 1, 3)),
        ((1, 3), (1, 3)), ((2, 3), ()), ((), ()), ((5, 1, 3), (1, 1)),
    ]  # fmt: skip
    for given, wanted in pairs:
        yield np.round(rng.normal(size=given), 1), wanted


# 04.7: matmul


def matmul_gradient(g, x, w):
    """What y = x @ w sends to x and to w when g arrives."""
    return g @ w.T, x.T @ g


def not_transposed(g, x, w):
    return g @ w, x @ g


def exchanged(g, x, w):
    return matmul_gradient(g, x, w)[::-1]


def one_element_at_a_time(g, x, w):
    return g * w, g * x


def w_sideways(g, x, w):
    return g @ w.T, g.T @ x


def forgets_what_arrives(g, x, w):
    return matmul_gradient(np.ones_like(g), x, w)


def matmul_gradient_by_einsum(g, x, w):
    return np.einsum("ij,kj->ik", g, w), np.einsum("ik,ij->kj", x, g)


def matmul_gradient_by_loops(g, x, w):
    gx, gw = np.zeros_like(x), np.zeros_like(w)
    for i in range(x.shape[0]):
        for j in range(w.shape[1]):
            gx[i] += g[i, j] * w[:, j]
            gw[:, j] += g[i, j] * x[i]
    return [gx, gw]


def products(rng):
    """g, x, w of fitting shapes; also square ones, where shapes alone cannot decide."""
    sizes = [(1, 1, 1), (1, 2, 1), (2, 2, 2), (3, 3, 3), (2, 3, 4), (4, 1, 2), (1, 3, 1), (3, 2, 2)]
    for rows, inner, columns in sizes:
        shapes = (rows, columns), (rows, inner), (inner, columns)
        yield tuple(np.round(rng.normal(size=shape), 1) for shape in shapes)


# 04.8: a whole layer with its loss


def linear_gradients(x, w, b, t):
    """Gradients of mean((x @ w + b - t) ** 2) with respect to w and b."""
    y = x @ w + b
    g = 2.0 * (y - t) / y.size
    return {"w": x.T @ g, "b": g.sum(axis=0)}


def scaled(x, w, b, t, by):
    return {name: by(x, t) * g for name, g in linear_gradients(x, w, b, t).items()}


def bias_as_it_arrives(x, w, b, t):
    y = x @ w + b
    return linear_gradients(x, w, b, t) | {"b": 2.0 * (y - t) / y.size}


def bias_averaged(x, w, b, t):
    found = linear_gradients(x, w, b, t)
    return found | {"b": found["b"] / x.shape[0]}


def forgets_the_bias(x, w, b, t):
    return linear_gradients(x, w, 0.0 * b, t)


def linear_gradients_in_steps(x, w, b, t):
    error = np.add(np.matmul(x, w), b) - t
    g = np.ones_like(error) / error.size * error
    g = g + g
    return {"b": np.ones(len(x)) @ g, "w": np.einsum("nk,nm->km", x, g)}


def linear_gradients_row_by_row(x, w, b, t):
    gw, gb = np.zeros_like(w), np.zeros_like(b)
    for row, wanted in zip(x, t, strict=True):
        g = 2 * (row @ w + b - wanted) / t.size
        gw += np.outer(row, g)
        gb += g
    return {"w": gw, "b": gb}


def layers(rng):
    """Batches of a linear layer and their targets."""
    for rows, inputs, outputs in [(1, 1, 1), (2, 1, 1), (1, 2, 3), (2, 2, 2), (3, 2, 2), (4, 3, 2)]:
        shapes = (rows, inputs), (inputs, outputs), (outputs,), (rows, outputs)
        yield tuple(np.round(rng.normal(size=shape), 1) for shape in shapes)


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
            "optimiser"
            "does with it afterwards.",
            "5ed2cfed6766c752": "Try it on (u + v) * u: going forward, s would pass on its "
            "gradient before"
            "anything has arrived at s.",
        },
        right="Reverse order guarantees that a node is complete when its turn comes.",
        hints=("When s is visited, who must have been visited before?",),
    ),
    Question(
        id="04.5",
        title="b has shape (2,), x * w has shape (3, 2). A gradient g of shape (3, 2) arrives at "
        "their sum. What does b get?",
        choices={
            "a": "g itself, shape (3, 2)",
            "b": "the first row of g, shape (2,)",
            "c": "the mean of the three rows of g, shape (2,)",
            "d": "the sum of the three rows of g, shape (2,)",
        },
        answer="3c24a3e0c9f14c68",
        messages={
            "52ab9cf61d9bf56c": "A gradient has the shape of the value it belongs to, so that the "
            "value can"
            "be changed by it.",
            "a4e036e7c406e7aa": "b was used in every row, not only in the first one.",
            "ec5dc4bc9afac869": "Each row used b, and each use adds its contribution. Nothing "
            "divides.",
        },
        right="Broadcasting used b three times: a fan-out. So three contributions are added.",
        hints=("How many times is b used when it is broadcast over three rows?",),
    ),
    Exercise(
        id="04.6",
        title="un-broadcast",
        reference=unbroadcast,
        probes=gradients_and_shapes,
        mutants=(
            Mutant(
                added_axes_only,
                "The new axes in front are summed, but size-1 axes are forgotten: they were "
                "stretched too, so sum over them and keep them with size 1.",
            ),
            Mutant(
                stretched_axes_only,
                "The size-1 axes are summed, but not the axes that broadcasting put in front.",
            ),
            Mutant(
                loses_the_axis,
                "All the right axes are summed, but a size-1 axis must stay: keepdims=True.",
            ),
            Mutant(averaged, "Every use adds its contribution: sum, do not average."),
            Mutant(first_slice, "One slice is one use. All the uses have to be added."),
            Mutant(
                everything_summed,
                "Everything was summed. Sum only over the axes that broadcasting made or "
                "stretched.",
            ),
        ),
        hints=(
            "Write both shapes below each other, flush right. Which axes of g are new, and which "
            "were 1 before?",
            "extra = g.ndim - len(shape)\n"
            "g = g.sum(axis=tuple(range(____)))          # the new axes in front\n"
            "ones = tuple(i for i, n in enumerate(shape) if n == ____)\n"
            "return g.sum(axis=____, keepdims=____)      # the stretched ones\n"
            "# choose from: 1   True   ones   extra",
            "g of shape (5, 4, 3) for a value of shape (4, 1): sum over axis 0 gives (4, 3),\n"
            "then sum over axis 1 with keepdims=True gives (4, 1).",
        ),
        variants=(unbroadcast_one_axis_at_a_time, unbroadcast_by_reshape),
    ),
    Exercise(
        id="04.7",
        title="the local rule of x @ w",
        reference=matmul_gradient,
        probes=products,
        mutants=(
            Mutant(
                not_transposed,
                "The factors are right, but one of them has to be transposed. Shapes fit by luck "
                "only when the matrices are square.",
            ),
            Mutant(exchanged, "Right products, wrong order: first what goes to x, then to w."),
            Mutant(one_element_at_a_time, "That is the rule of x * w. A matrix product sums too."),
            Mutant(w_sideways, "The gradient of w lies on its side: it must have the shape of w."),
            Mutant(
                forgets_what_arrives,
                "g is missing: a local rule multiplies what arrives by the local slope.",
            ),
        ),
        hints=(
            "x is (n, k), w is (k, m), g is (n, m). Which product of g and w has shape (n, k)?",
            "return g @ ____, ____ @ g\n# choose from: x   x.T   w   w.T",
            "For y = w.T @ x with w (k, m), x (k, n): x gets w @ g, and w gets x @ g.T.",
        ),
        variants=(matmul_gradient_by_einsum, matmul_gradient_by_loops),
    ),
    Exercise(
        id="04.8",
        title="gradients of a linear layer with mean squared error",
        reference=linear_gradients,
        probes=layers,
        mutants=(
            Mutant(
                partial(scaled, by=lambda x, t: t.size),
                "This belongs to the sum of squares. The mean divides by the number of entries.",
            ),
            Mutant(
                partial(scaled, by=lambda x, t: t.shape[1]),
                "The mean is over all entries of the error, rows times columns, not rows alone.",
            ),
            Mutant(partial(scaled, by=lambda x, t: 0.5), "The slope of e ** 2 is 2 · e, not e."),
            Mutant(
                partial(scaled, by=lambda x, t: -1.0),
                "The sign is turned round: the error is y - t, and its slope in y is +1.",
            ),
            Mutant(bias_as_it_arrives, "b was broadcast over the rows: un-broadcast its gradient."),
            Mutant(bias_averaged, "The rows' contributions to b are added, not averaged."),
            Mutant(forgets_the_bias, "The forward pass is y = x @ w + b. Is b in it?"),
        ),
        hints=(
            "Walk back: mean, square, minus, plus b, matmul. What does each one send on?",
            "y = x @ w + b\ng = ____ * (y - t) / ____\n"
            'return {"w": ____, "b": ____}\n'
            "# choose from: 2.0   y.size   x.T @ g   g.sum(axis=0)",
            "For mean(exp(x @ w)): the mean sends 1 / y.size, exp multiplies by exp(y),\n"
            "so g = exp(y) / y.size, and w gets x.T @ g.",
        ),
        variants=(linear_gradients_in_steps, linear_gradients_row_by_row),
    ),
    Question(
        id="04.9",
        title="Before the backward pass has run, what is the gradient at a node?",
        choices={
            "a": "0",
            "b": "not known yet",
            "c": "1",
            "d": "the value of the node",
        },
        answer="6ba0de94565f62fd",
        messages={
            "de48d557d6f67fca": "0 would be a claim: the target does not react. Nothing was "
            "computed yet.",
            "b8776ef38fb237f4": "Only the target itself starts with 1, and only once the walk "
            "begins.",
            "b975246589c6df51": "Values come from the forward pass. Gradients need the walk back.",
        },
        right="Not computed and zero are different things, and the stepper draws them differently.",
    ),
    Question(
        id="04.10",
        title="relu(x) = max(x, 0) has a kink at 0. What gradient do libraries use there?",
        choices={
            "a": "0, by agreement",
            "b": "NaN, because the slope does not exist",
            "c": "they stop with an error",
            "d": "1, as everywhere else",
        },
        answer="899e1359a23b9119",
        messages={
            "d1c55602e837bf54": "Training would break at the first exact 0. A slope between 0 and "
            "1 is"
            "chosen by agreement.",
            "e7fe81299069c6ef": "An exact 0 is common, for example after another relu. It is no "
            "error.",
            "e07a2ee2caae198b": "Left of the kink the slope is 0. At the kink itself, one was "
            "agreed on.",
        },
        right="Any slope from 0 to 1 would do as a subgradient; TensorFlow, PyTorch and JAX take "
        "0.",
    ),
    Question(
        id="04.11",
        title="What is backpropagation?",
        choices={
            "a": "another word for gradient descent",
            "b": "moving the weights a little against the gradient",
            "c": "estimating slopes by nudging each input",
            "d": "computing the gradient of one number by walking back through its graph",
        },
        answer="afb21f5719b790c2",
        messages={
            "3c6603c95f05edf6": "Gradient descent uses a gradient. Backpropagation computes it.",
            "4cbcda402f319818": "That is a step of gradient descent, which comes after.",
            "8d6dffd7738bd94b": "Nudging is only approximate, and needs a run for every input.",
        },
        right="It yields slopes, exactly, and changes nothing. What you do with them is up to you.",
    ),
    Question(
        id="04.12",
        title="Broadcasting: what is the shape of a + b for shapes (3, 1) and (4,)?",
        choices={"a": "(3, 4)", "b": "(4, 3)", "c": "(3,)", "d": "an error"},
        answer="981be5aace6bba8c",
        messages={
            "ed5fb0e40c936782": "Align shapes on the right: (3, 1) over (1, 4).",
            "95c3e53d07637a52": "Both are stretched: the 1 to 4, and the missing axis to 3.",
            "c63c174887cc306f": "Aligned on the right, 1 meets 4 and nothing meets 3: both fit.",
        },
        right="Aligned on the right, (3, 1) and (1, 4) stretch to (3, 4).",
    ),
    Question(
        id="04.13",
        title="Graphs: what does y = x * x look like in the graph?",
        choices={
            "a": "two nodes for x, one edge each",
            "b": "a loop from the product to itself",
            "c": "one node for x, with two edges to the product",
            "d": "one node for x, with one edge to the product",
        },
        answer="9bd25a9084890301",
        messages={
            "3908f84b4b430603": "There is one value x, however often it is used.",
            "f3b5f12f65080254": "A graph of a computation has no loops: a result never feeds "
            "itself.",
            "40ac23dba7e1f743": "The product has two inputs, so it receives two edges, both from "
            "x.",
        },
        right="Two edges (drawn as one line, 'used 2×'): two contributions come back, x + x = 2x.",
    ),
)
