"""Exercises of lesson 04 on tensors: un-broadcast, the product of matrices, a layer."""

from functools import partial

import numpy as np

from checking import Exercise, Mutant, Question

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


def first_axis_always(g, shape):
    return g.sum(axis=0)


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
            "value can "
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
                first_axis_always,
                "Axis 0 is summed whatever the shapes are. Compare them: which axes did "
                "broadcasting make or stretch?",
            ),
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
)
