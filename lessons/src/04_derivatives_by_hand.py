# %% [markdown]
# # 04 Derivatives by hand: reverse mode
#
# **About 60 minutes · 13 exercises · runs in a few seconds**
#
# You will be able to
#
# * write down the **local rule** of an operation: what it does to a gradient that arrives,
# * walk back through a computation and get the gradient of one number with respect to *everything* in it,
# * say why contributions are **added** where a value is used more than once,
# * give the backward rule of a matrix product from shapes alone,
# * **un-broadcast** a gradient.
#
# You need: Python, NumPy arrays with broadcasting, and the derivative of a function of one variable.
#
# *How the exercises work.* A cell with `...` waits for you. Run the cell below it to check. `hint("04.2")` helps
# in three steps, and `solution("04.2")` shows one way after two tries. The notebook runs from top to bottom even
# with gaps.

# %% tags=["setup"]
import numpy as np
from IPython.display import display

import minitensor as mt
from checking import carry, check, hint, predict, solution, todo
from minitensor_widgets import show, step

# %% [markdown]
# ## A gradient that is wrong
#
# Here is a function of two numbers, `z = (u + v) * u`. We want its **slope** in `u`: by how much does `z` grow when
# `u` grows a tiny bit, compared to that bit? One way is to try: nudge `u` up and down and see what `z` does.
#
# The other way is a program. It knows the two operations, `s = u + v` and `z = s * u`, and the slope of each
# operation in each of its inputs. It walks through them backward. It is eight lines, it looks right, and somebody
# used it for a month.


# %%
def f(u, v):
    return (u + v) * u


def nudge(f, u, v, tiny=1e-5):
    return (f(u + tiny, v) - f(u - tiny, v)) / (2 * tiny)


# Every operation: its result, and for each input the slope of the result in that input, at u = 3, v = 1.
operations = [
    ("s", [("u", 1.0), ("v", 1.0)]),  # s = u + v
    ("z", [("s", 3.0), ("u", 4.0)]),  # z = s * u
]


def first_try(program, target):
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        if result not in grad:  # nothing has arrived here
            continue
        for name, slope in inputs:
            grad[name] = grad[result] * slope
    return grad


print(f"nudging u:   {nudge(f, 3.0, 1.0):.3f}")
print(f"the program: {first_try(operations, 'z')['u']:.3f}")

# %% [markdown]
# No error, no warning, and a wrong number. To find the mistake, we first do it by hand.
#
# ## Six words
#
# The whole method fits in six words. We use the same words in all lessons.
#
# | word | what happens |
# |---|---|
# | **forward** | compute every value, and keep it |
# | **seed** | the target moves with itself, one for one: its gradient is 1 |
# | **visit in reverse** | go through the operations backward, last one first |
# | **local rule** | at each operation: what arrived, times the slope in that input, is sent to that input |
# | **accumulate** | add up all that arrives at a value |
# | **un-broadcast** | give it the shape of the value (for tensors, later in this lesson) |
#
# The number that has arrived at a value is called its **adjoint**, or simply its gradient. It says how much the
# *target* grows when *this value* grows a little. In formulas it is called `g`.
#
# Each operation needs only its own rule. It does not have to know what comes before it or after it:
#
# | operation | sends to its inputs, when `g` arrives |
# |---|---|
# | `a + b` | `g` to a, `g` to b |
# | `a * b` | `g * b` to a, `g * a` to b |
# | `sin(a)` | `g * cos(a)` to a |
# | `exp(a)` | `g * exp(a)` to a |
# | `a * a` | `g * a` to a, and once more `g * a` to a |
#
# ## By hand
#
# Take `z = (u + v) * u` at `u = 3`, `v = 1`.
#
# * **Forward.** `s = u + v = 4`, then `z = s * u = 12`.
# * **Seed.** The gradient at `z` is 1.
# * **Visit in reverse.** The last operation was `z = s * u`. **Local rule** of a product: it sends
#   `g * u = 1 * 3 = 3` to `s`, and `g * s = 1 * 4 = 4` to `u`.
#
# Stop here. Run the cell to see the question, put your letter in place of `...`, and run it again. The first
# letter counts.

# %% tags=["predict"] ex="04.1"
### BEGIN SOLUTION
guess = "c"
### LEARNER
# guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("04.1", guess)

# %% [markdown]
# Now see it happen. A **tape** records the operations (a later lesson builds one from scratch), and the stepper walks through them.
# Click into the picture, then use the buttons, the slider or the arrow keys. For each step, **say the number before
# you go on**. A value that nothing has arrived at says *not yet computed*. That is not the same as 0.

# %%
u = mt.Variable(3.0, name="u")
v = mt.Variable(1.0, name="v")

with mt.GradientTape() as tape:
    s = u + v
    z = s * u

step(tape, z)

# %% tags=["check"]
check("04.1")

# %% [markdown]
# The same walk, as Python. Compare each line with a step of the picture.

# %%
u, v = 3.0, 1.0

# forward
s = u + v
z = s * u
# seed
g_z = 1.0
# visit in reverse: z = s * u, local rule of a product
g_s = g_z * u
g_u = g_z * s  # the first contribution to u
# visit in reverse: s = u + v, local rule of a sum
g_v = g_s
g_u = g_u + g_s  # accumulate: the second contribution to u

print(f"u: {g_u}   v: {g_v}   s: {g_s}")

# %% [markdown]
# ## Your turn: an adjoint table
#
# Take `y = a * b + sin(a)` at `a = 2`, `b = 3`, with names for the steps between: `p = a * b`, `s = sin(a)`,
# `y = p + s`. Fill in the gradient of `y` with respect to each value. Use pencil and paper, then write numbers or
# small formulas such as `2.0 * np.cos(2.0)`.

# %% tags=["exercise"] ex="04.2"
### BEGIN SOLUTION
adjoints = {"y": 1.0, "p": 1.0, "s": 1.0, "a": 3.0 + np.cos(2.0), "b": 2.0}
### LEARNER
# adjoints = {"y": ..., "p": ..., "s": ..., "a": ..., "b": ...}
### END SOLUTION

# %% tags=["check"]
check("04.2", adjoints)

# %% [markdown]
# Here is the same expression on a tape. First the graph, then the walk. **Change `a` and `b`** and run the cell
# again. For which `a` does the sine send a negative number? For which `b` does `a` end up with exactly 0?

# %%
a = mt.Variable(2.0, name="a")
b = mt.Variable(3.0, name="b")

with mt.GradientTape() as tape:
    y = a * b + mt.sin(a)

display(show(tape))
step(tape, y)

# %% [markdown]
# ## Repair
#
# Back to the program with the wrong number. Find the line that does not **accumulate**, and repair it. Beware:
# the first contribution has nothing to be added to.


# %% tags=["exercise"] ex="04.3"
def gradients(program, target):
    """The gradient of the target with respect to everything it depends on."""
    grad = {target: 1.0}
    for result, inputs in reversed(program):
        if result not in grad:  # nothing has arrived here
            continue
        for name, slope in inputs:
            ### BEGIN SOLUTION
            grad[name] = grad.get(name, 0.0) + grad[result] * slope
            ### LEARNER
            # grad[name] = grad[result] * slope
            ### END SOLUTION
    return grad


# %% tags=["check"]
check("04.3", gradients)

# %%
print(f"nudging u:   {nudge(f, 3.0, 1.0):.3f}")
print(f"the program: {carry('04.3')(operations, 'z')['u']:.3f}")

# %% [markdown]
# You are in good company. Careful people have made this slip in libraries and in lectures, because every expression
# in which each value is used **once** comes out right.
#
# ## Why backward?
#
# Look at the walk once more, then choose.

# %% tags=["check"] ex="04.4"
### BEGIN SOLUTION
why = "b"
### LEARNER
# why = ...  # "a", "b", "c" or "d"
### END SOLUTION
check("04.4", why)

# %% [markdown]
# There is a second reason to go backward: **cost**. Nudging needs two runs of the program *for every input*. There is
# also *forward mode*, which carries exact slopes along with the values; it still needs a run for every input. Reverse
# mode needs one run and one walk back, for *all* inputs together. It pays with memory: every value of the forward
# run is kept until the walk.
#
# A small model with 300 weights shows it. A network with a million weights would need two million runs.

# %%
rng = np.random.default_rng(0)
inputs, weights = rng.normal(size=(50, 300)), rng.normal(size=(300, 1))
runs = 0


def model(w):
    global runs
    runs += 1
    return mt.reduce_sum(mt.sin(inputs @ w))


slopes = np.zeros_like(weights)
for i in range(len(weights)):
    tiny = np.zeros_like(weights)
    tiny[i] = 1e-5
    up, down = (model(mt.constant(weights + change)).numpy() for change in (tiny, -tiny))
    slopes[i] = (up - down) / 2e-5
print(f"nudging:      {runs} runs")

runs = 0
w = mt.Variable(weights, name="w")
with mt.GradientTape() as tape:
    y = model(w)
gradient = tape.gradient(y, w).numpy()
print(f"reverse mode: {runs} run and one walk back")
print(f"same numbers: {np.allclose(gradient, slopes, atol=1e-6)}")

# %% [markdown]
# ## Tensors: the same walk, with shapes
#
# Nothing new happens when values are tensors. But each gradient must have **the shape of its value**, so that the
# value can be changed by it. Take `y = x * w + b`, where `x` has shape `(3, 2)`. `w` has shape `(3, 1)`: one factor for
# each row. `b` has shape `(2,)`, and it is added to every row.

# %% tags=["predict"] ex="04.5"
### BEGIN SOLUTION
shape_guess = "d"
### LEARNER
# shape_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("04.5", shape_guess)

# %% [markdown]
# Step back through the addition, then through the product, and read what is sent, before and after the sum. Over which
# axis does `b` get its sum, and over which does `w`? Where else do two contributions meet? One number of `b`'s gradient
# ends up as exactly 0: this time it *is* computed.

# %%
x = mt.constant([[1.0, 2.0], [0.0, 1.0], [3.0, 1.0]])
w = mt.Variable([[1.0], [2.0], [-1.0]], name="w")
b = mt.Variable([1.0, -1.0], name="b")

with mt.GradientTape() as tape:
    y = x * w + b
    loss = mt.reduce_sum(y * y)

step(tape, loss)

# %% tags=["check"]
check("04.5")

# %% [markdown]
# ## Un-broadcast
#
# Broadcasting uses one number several times. That is a fan-out, so on the way back the contributions are added.
# Shapes are aligned on the right, and an axis is broadcast in one of two ways:
#
# * it is **new**: the value had no such axis, `(2,)` in `(3, 2)`,
# * it was **stretched**: the value had size 1 there, `(3, 1)` in `(3, 2)`.
#
# Write `unbroadcast(g, shape)`: sum the array `g` down to `shape`. Useful: `g.ndim`, and
# `g.sum(axis=(0, 1), keepdims=True)`, which takes several axes at once.


# %% tags=["exercise"] ex="04.6"
def unbroadcast(g, shape):
    """Sum a gradient down to the shape its value had before it was broadcast."""
    ### BEGIN SOLUTION
    new = g.ndim - len(shape)
    g = g.sum(axis=tuple(range(new)))
    stretched = tuple(axis for axis in range(g.ndim) if shape[axis] == 1)
    return g.sum(axis=stretched, keepdims=True)
    ### END SOLUTION


# %% tags=["check"]
check("04.6", unbroadcast)

# %% [markdown]
# ## The rule of a matrix product
#
# For `y = x @ w` you can derive the rule index by index. Or you let the shapes tell you. Say `x` is `(n, k)` and `w`
# is `(k, m)`. Then `y` and the arriving `g` are `(n, m)`. What goes to `x` must be `(n, k)`, and it is built from `g`
# and the *other* factor, as for any product. There is only one way to multiply them that fits.


# %% tags=["exercise"] ex="04.7"
def matmul_gradient(g, x, w):
    """What y = x @ w sends to x and to w when g arrives: a pair."""
    ### BEGIN SOLUTION
    return g @ w.T, x.T @ g
    ### END SOLUTION


# %% tags=["check"]
check("04.7", matmul_gradient)

# %% [markdown]
# What you wrote has a name: a **vector-Jacobian product**, VJP for short. The Jacobian of `y` in `x` is the table of
# all slopes of all outputs in all inputs, `n·m` by `n·k` numbers. The rule never builds it. It only says what comes
# out when `g` is multiplied by it.
#
# ## Same idea elsewhere
#
# ```python
# # TensorFlow: the same names as here
# with tf.GradientTape() as tape:
#     y = f(a, b)
# tape.gradient(y, [a, b])
#
# # PyTorch
# a.requires_grad_()
# y = f(a, b)
# y.backward()
# a.grad
#
# # JAX
# jax.grad(f, argnums=(0, 1))(a, b)
# ```
#
# All three visit in reverse, apply local rules, accumulate, and un-broadcast.
#
# ## Make: a whole layer
#
# A linear layer with mean squared error is `loss = mean((x @ w + b - t) ** 2)`, where the mean is over all entries.
# Write its gradients with respect to `w` and `b`, in NumPy, without a tape. You may use your own functions:
# `carry("04.6")` is your `unbroadcast` if it passed, and the reference if not.

# %% tags=["exercise"] ex="04.8"
unbroadcast_ = carry("04.6")
matmul_gradient_ = carry("04.7")


def linear_gradients(x, w, b, t):
    """Gradients of mean((x @ w + b - t) ** 2) as {"w": …, "b": …}."""
    ### BEGIN SOLUTION
    # forward
    error = x @ w + b - t
    # seed, and back through the mean and the square
    g = np.ones_like(error) / error.size
    g = g * 2.0 * error
    # back through + b and through the matrix product
    to_b = unbroadcast_(g, b.shape)
    _, to_w = matmul_gradient_(g, x, w)
    return {"w": to_w, "b": to_b}
    ### END SOLUTION


# %% tags=["check"]
check("04.8", linear_gradients)

# %% [markdown]
# ## Look back
#
# Five questions, two of them about things you met before. Answer from memory, then run the cell: it shows the choices for
# the ones you left open.
#
# * **04.9** Before the backward pass has run, what is the gradient at a node?
# * **04.10** `relu(x) = max(x, 0)` has a kink at 0. What gradient do libraries use there?
# * **04.11** What is backpropagation?
# * **04.12** What is the shape of `a + b` for shapes `(3, 1)` and `(4,)`?
# * **04.13** What does `y = x * x` look like in the graph?

# %% tags=["check"] ex="04.9"
### BEGIN SOLUTION
quiz = {"04.9": "b", "04.10": "a", "04.11": "d", "04.12": "a", "04.13": "c"}
### LEARNER
# quiz = {"04.9": ..., "04.10": ..., "04.11": ..., "04.12": ..., "04.13": ...}
### END SOLUTION

display(check("04.9", quiz["04.9"]))
display(check("04.10", quiz["04.10"]))
display(check("04.11", quiz["04.11"]))
display(check("04.12", quiz["04.12"]))
display(check("04.13", quiz["04.13"]))

# %% [markdown]
# ## What you have now
#
# * A gradient is a number (or a tensor) per value: how the target reacts to it.
# * **Forward, seed, visit in reverse, local rule, accumulate, un-broadcast.** That is all of reverse mode.
# * Contributions are added, over paths, and over every use that broadcasting makes of a number.
# * *Not yet computed* is not 0.
# * One run and one walk give the slopes in all inputs, for the price of keeping the values.
#
# Next: lesson 06 uses the tape of this library in earnest, finds out why a gradient is `None`, and trains a network.
