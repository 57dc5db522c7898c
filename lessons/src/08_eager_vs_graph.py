# %% [markdown]
# # 08 Eager vs graph: tracing and its cache
#
# **About 75 minutes · 19 short exercises · runs in a few seconds**
#
# You will be able to
#
# * say which lines of a function run once, and which run in every call,
# * predict whether a call uses a graph that is there, or makes a new one,
# * find out why a function is traced again and again, and cure it,
# * repair the four usual accidents: a list, a counter, a random number, a variable,
# * look at a graph, at what the optimiser made of it, and take it out of Python.
#
# You need: lesson 06 (*tape, variable, constant*).

# %% tags=["setup"]
import sys
import tempfile
import time

import numpy as np
from IPython.display import display

import minitensor as mt
from checking import carry, check, hint, predict, solution, todo
from minitensor_widgets import passes, show, traces

# %% [markdown]
# ## Two calls and a riddle
#
# So far every line did its work at once: `a + b` was a number as soon as it ran. That is **eager** mode. With
# `@mt.function` above it, a function is run once to write down its operations, and from then on the **graph** of these
# operations is run instead of the function. `func2` and the function it calls say what they see.


# %%
def func1(a, b):
    print("Eager1: ", mt.executing_eagerly())
    return mt.add(a, b)


@mt.function
def func2(a, b):
    with mt.name_scope("Linear_function"):
        result = mt.add(b, func1(a, b))

    print("Inside2: ", a, b, result)
    print("Eager2: ", mt.executing_eagerly())

    return result


# %% [markdown]
# What will the line with `Inside2` print?

# %% tags=["predict"] ex="08.1"
### BEGIN SOLUTION
first_guess = "b"
### LEARNER
# first_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("08.1", first_guess)

# %%
func2(1, 2)

# %% tags=["check"]
check("08.1")

# %% [markdown]
# `result` has a name, a shape and a dtype, but no value. It is a **symbol**: it stands for the number that will be there
# when the graph runs. Running the Python function on symbols, to see which operations it calls, is called **tracing**.
# (Why `Add_1`? The addition in `func1` ran first, in the same scope. It is `Add`.)
#
# Now the second call, with other numbers.

# %% tags=["predict"] ex="08.2"
### BEGIN SOLUTION
second_guess = "a"
### LEARNER
# second_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("08.2", second_guess)

# %%
func2(3, 5)

# %% tags=["check"]
check("08.2")

# %% [markdown]
# A public notebook about TensorFlow has the same two cells. This is how they look there:
#
# ```text
# In [56]:  … the definitions as above …
#           res = func2(1, 2)
#           Eager1:  False
#           Inside2:  1 2 Tensor("Linear_function/Add_1:0", shape=(), dtype=int32)
#           Eager2:  False
#
# In [64]:  res = func2(3, 5)
#           res
# Out[64]:  <tf.Tensor: shape=(), dtype=int32, numpy=13>
# ```
#
# The result is right, and nothing is printed. What happened there? Choose, then call `func2(3, 5)` once more yourself.

# %% tags=["check"] ex="08.3"
### BEGIN SOLUTION
riddle = "c"
### LEARNER
# riddle = ...  # "a", "b", "c" or "d"
### END SOLUTION
check("08.3", riddle)

# %%
func2(3, 5)

# %% [markdown]
# `func2` keeps every graph that it has traced. This is its **cache**, one card per graph. A call whose graph is there is
# a **hit**, and runs no Python at all. Any other call is a **miss**: it is traced first. The card says what it was traced
# for, and what made it necessary (≠).

# %%
traces(func2)

# %% [markdown]
# ## Written down, or just done?
#
# While a function is traced, Python runs as always. Operations of minitensor are written down. Everything else is just
# done, then and there, and leaves no trace in the graph. `mt.print` is an operation that prints; `print` is Python.


# %%
@mt.function
def area(r):
    print("Python:", r)
    mt.print("graph:", r, output_stream=sys.stdout)
    return 3.0 * r * r


# %% [markdown]
# We call `area` for three circles, with `mt.constant(1.0)`, `mt.constant(2.0)` and `mt.constant(3.0)`. How often will each
# of the two lines print?

# %% tags=["predict"] ex="08.4"
### BEGIN SOLUTION
prints_guess = "d"
### LEARNER
# prints_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("08.4", prints_guess)

# %%
for radius in (1.0, 2.0, 3.0):
    print("    area:", area(mt.constant(radius)).numpy())

# %% tags=["check"]
check("08.4")

# %% [markdown]
# Here is what was written down. Click a node: it has a shape, a dtype and the line it comes from, but no value. Only the
# constant 3 has one, because it was known. Python's `print` is not there; `mt.print` is, as `PrintV2`.

# %%
show(area)

# %% [markdown]
# | while tracing, once per graph | whenever the graph runs |
# |---|---|
# | `print`, `list.append`, `count += 1` | `mt.print`, `variable.assign_add` |
# | numpy, `random`, `time` | `mt.random.normal`, all of `mt` |
# | reading a global, an attribute, a Python number | reading a variable or an argument |
# | `if`, `for` over Python values | `if`, `for` over tensors (lesson 09) |
#
# ## The side-effect clinic
#
# Three functions do something on the side. It works eagerly, and goes wrong under `@mt.function`. Each card returns what it
# saw, **and** the traced function, so that its traces can be counted. Repair the card, and keep `@mt.function`.


# %%
rng = np.random.default_rng(7)


def number(x):
    """A tensor as a number; a symbol as itself."""
    try:
        return f"{float(x):.4g}"
    except TypeError:
        return str(x)


def visit(card, *given):
    """What a card gives, and how often its function was traced."""
    try:
        found, function = card(*given)
    except Exception as error:
        print(f"{type(error).__name__}: {str(error).strip().splitlines()[-1].strip()}")
        return
    print("result:", ", ".join(map(number, found)) if isinstance(found, list) else found)
    count = getattr(function, "experimental_get_tracing_count", None)
    print("traces:", "it is not traced" if count is None else count())


# %% [markdown]
# ### Card 1: a list
#
# The card should give all the doubled numbers. What is in the list instead, and how often?


# %% tags=["exercise", "check"] ex="08.5"
def card_1(values):
    seen = []

    @mt.function
    def double(x):
        ### BEGIN SOLUTION
        return 2.0 * x
        ### LEARNER
        # y = 2.0 * x
        # seen.append(y)
        # return y
        ### END SOLUTION

    for value in values:
        ### BEGIN SOLUTION
        seen.append(double(mt.constant(value)))
        ### LEARNER
        # double(mt.constant(value))
        ### END SOLUTION
    return seen, double


display(check("08.5", card_1))
visit(card_1, [1.0, 2.0, 3.0])

# %% [markdown]
# ### Card 2: a counter
#
# How often was `step` called? Count it, inside or outside, but correctly.


# %% tags=["exercise", "check"] ex="08.6"
def card_2(n):
    ### BEGIN SOLUTION
    calls = mt.Variable(0)

    @mt.function
    def step(x):
        calls.assign_add(1)
        return 0.5 * x

    ### LEARNER
    # calls = 0
    #
    # @mt.function
    # def step(x):
    #     nonlocal calls
    #     calls += 1
    #     return 0.5 * x
    ### END SOLUTION

    x = mt.constant(1.0)
    for _ in range(n):
        x = step(x)
    return int(calls), step


display(check("08.6", card_2))
visit(card_2, 5)

# %% [markdown]
# ### Card 3: a random number
#
# Each call should add another random number.


# %% tags=["exercise", "check"] ex="08.7"
def card_3(n):
    @mt.function
    def noisy(x):
        ### BEGIN SOLUTION
        return x + mt.random.normal([])
        ### LEARNER
        # return x + rng.normal()
        ### END SOLUTION

    x = mt.constant(0.0)
    return [noisy(x) for _ in range(n)], noisy


mt.random.set_seed(8)
display(check("08.7", card_3))
mt.random.set_seed(8)
visit(card_3, 3)

# %% [markdown]
# ## What is in the key?
#
# A call looks for its graph by a **key**, made of its arguments:
#
# * a tensor (and a number or array of numpy) counts by **dtype and shape**, written `float32[2, 3]`,
# * a Python value counts by **type and value**, written `int 3`,
# * a variable by itself: what it holds may change, so the graph reads it anew in each run,
# * lists and dicts of these, part by part; all other objects by identity.
#
# Go through these calls of one function, from top to bottom. `"hit"` or `"miss"`?

# %% tags=["exercise"] ex="08.8"
### BEGIN SOLUTION
calls = {
    "double(mt.constant(1.0))": "miss",
    "double(mt.constant(2.0))": "hit",
    "double(np.float32(3.0))": "hit",
    "double(mt.constant(2))": "miss",
    "double(2)": "miss",
    "double(2.0)": "miss",
    "double(mt.constant([1.0, 2.0]))": "miss",
    "double(mt.constant([5.0, 6.0]))": "hit",
    "double(mt.constant([5.0]))": "miss",
    "double(x=2.0)": "hit",
}
### LEARNER
# calls = {
#     "double(mt.constant(1.0))": ...,
#     "double(mt.constant(2.0))": ...,
#     "double(np.float32(3.0))": ...,
#     "double(mt.constant(2))": ...,
#     "double(2)": ...,
#     "double(2.0)": ...,
#     "double(mt.constant([1.0, 2.0]))": ...,
#     "double(mt.constant([5.0, 6.0]))": ...,
#     "double(mt.constant([5.0]))": ...,
#     "double(x=2.0)": ...,
# }
### END SOLUTION

# %% tags=["check"]
check("08.8", calls)

# %% [markdown]
# Now the real calls. So many misses in a row look like a mistake, so there is a warning, in the words of TensorFlow.


# %% tags=["nbval-ignore-output"]
@mt.function
def double(x):
    return x + x


for call in (
    *(mt.constant(1.0), mt.constant(2.0), np.float32(3.0), mt.constant(2)),
    *(2, 2.0, mt.constant([1.0, 2.0]), mt.constant([5.0, 6.0]), mt.constant([5.0])),
):
    double(call)
last = double(x=2.0)

# %% [markdown]
# And the cards they left. Each new card is compared with the earlier card that is most like it.

# %%
traces(double)

# %% [markdown]
# Why this difference? Think of a function that calls `range(n)`, or asks `if n > 3`, and of what Python can do with a symbol.

# %% tags=["check"] ex="08.9"
### BEGIN SOLUTION
why_by_value = "b"
### LEARNER
# why_by_value = ...  # "a", "b", "c" or "d"
### END SOLUTION
check("08.9", why_by_value)

# %% [markdown]
# ## A hundred cards
#
# This is how it goes wrong in practice: a counter of Python, handed to a function that is traced. The loop below gives right
# results, and it warns twice. Warnings are easily overlooked.

# %% tags=["nbval-ignore-output"]
table = mt.constant(np.linspace(0.0, 1.0, 1000), mt.float32)


@mt.function
def scaled(k):
    return mt.reduce_sum(mt.exp(table) * mt.cast(k, mt.float32))


for k in range(100):
    scaled(k)

# %% [markdown]
# Look at what it left behind. Move the slider, or press play, and watch the memory.

# %%
traces(scaled)

# %% [markdown]
# A hundred calls, a hundred graphs, no hit. The same loop, with one word more:


# %%
@mt.function
def scaled_once(k):
    return mt.reduce_sum(mt.exp(table) * mt.cast(k, mt.float32))


for k in range(100):
    scaled_once(mt.constant(k))

traces(scaled_once)

# %% [markdown]
# One card. Your turn: `square` is a function under `@mt.function`. Let `sum_of_squares(square, n)` give
# `square(0) + square(1) + …`, `n` terms, with **one** trace of `square`.


# %% tags=["exercise"] ex="08.10"
def sum_of_squares(square, n):
    """The sum of square(0), square(1), …, n terms; square is traced once."""
    total = 0.0
    for i in range(n):
        ### BEGIN SOLUTION
        total += square(mt.constant(i))
        ### LEARNER
        # total += square(i)
        ### END SOLUTION
    return total


# %% tags=["check"]
check("08.10", sum_of_squares)

# %% [markdown]
# In a real program you may not know which argument is to blame. `why_retraced` says it in words: for each trace what differs
# from the nearest earlier one, and the cure.

# %% tags=["nbval-ignore-output"]
print(double.why_retraced())

# %% [markdown]
# ## What lasts
#
# ### Card 4: a variable
#
# `add` should return the sum of everything so far. Run the card as it is and read the last line of the error: a variable
# lasts from call to call, so there is one, and not one per call.


# %% tags=["exercise", "check"] ex="08.11"
def card_4(values):
    ### BEGIN SOLUTION
    total = mt.Variable(0.0)

    @mt.function
    def add(x):
        total.assign_add(x)
        return total.value()

    ### LEARNER
    # @mt.function
    # def add(x):
    #     total = mt.Variable(0.0)
    #     total.assign_add(x)
    #     return total.value()
    ### END SOLUTION

    return [float(add(mt.constant(value))) for value in values], add


display(check("08.11", card_4))
visit(card_4, [1.0, 2.0, 3.0])

# %% [markdown]
# ### A method
#
# Methods are functions too. This class counts its traces by itself: `self.traced += 1` is Python, so it runs while tracing,
# and only then. For once that is just what we want. As it stands, every call traces. Find out why, and repair it.


# %% tags=["exercise"] ex="08.12"
class Scaler:
    """Multiplies by a factor, in a graph that is traced once."""

    def __init__(self, factor):
        self.factor = mt.constant(factor)
        self.traced = 0

    ### BEGIN SOLUTION
    @mt.function
    def body(self, x):
        self.traced += 1
        return self.factor * x

    def __call__(self, x):
        return self.body(x)

    ### LEARNER
    # def body(self, x):
    #     self.traced += 1
    #     return self.factor * x
    #
    # def __call__(self, x):
    #     return mt.function(self.body)(x)
    ### END SOLUTION


# %% tags=["check"]
check("08.12", Scaler)

# %% [markdown]
# Each object has a cache of its own, because `self` is a part of what was traced: `self.factor` went into the graph as it
# was at that moment.
#
# ## Leaving a size open
#
# Sentences, batches, images: sizes differ from call to call, and a shape is part of the key. There are two cures. With
# `reduce_retracing=True`, the second shape makes a graph whose size is left open where the two differ. With
# `input_signature=[mt.TensorSpec([None], mt.float32)]` you say so yourself, and there is one trace for ever. `None` is a
# size that only the call knows.
#
# Write `spread(x)`: the largest element of a vector minus the smallest, for vectors of **any** length, with two traces at
# most.


# %% tags=["exercise"] ex="08.13"
### BEGIN SOLUTION
@mt.function(reduce_retracing=True)
def spread(x):
    """The largest element minus the smallest."""
    return mt.reduce_max(x) - mt.reduce_min(x)


### LEARNER
# def spread(x):
#     """The largest element minus the smallest."""
#     return todo("08.13")
### END SOLUTION

# %% tags=["check"]
check("08.13", spread)

# %% [markdown]
# `?` is the size that was left open. (The check has called your function too, so there are more hits than calls here.)

# %%
span = carry("08.13")
for length in (2, 3, 5, 8, 13):
    span(mt.range(float(length)))
traces(span)

# %% [markdown]
# ## One trace in your hand
#
# `get_concrete_function` gives a single trace, for arguments or for `TensorSpec`s in their place. It takes tensors of this
# signature and nothing else: no new trace, no surprise.


# %%
@mt.function
def cube(x):
    return x * x * x


any_length = cube.get_concrete_function(mt.TensorSpec([None], mt.float32))
print(any_length.graph)
print(any_length(mt.constant([1.0, 2.0, 10.0])).numpy())
try:
    any_length(mt.constant([1, 2, 10]))
except Exception as error:
    print(f"{type(error).__name__}: {str(error).splitlines()[-1]}")

# %% [markdown]
# A whole training step can be one graph: forward, gradient, update. The tape of lesson 06 works inside as it does outside, and
# the gradient's operations are written down like all others. They stand in a box of their own, marked ∇.

# %%
rng = np.random.default_rng(0)
x = mt.constant(rng.normal(size=(32, 4)).astype("float32"))
t = mt.constant((x.numpy() @ [[1.0], [-2.0], [3.0], [0.5]] + 0.1).astype("float32"))
w = mt.Variable(np.zeros((4, 1), "float32"), name="w")


@mt.function
def descend(x, t):
    with mt.GradientTape() as tape:
        loss = mt.reduce_mean((x @ w - t) ** 2)
    w.assign_sub(0.1 * tape.gradient(loss, w))
    return loss


losses = [float(descend(x, t)) for _ in range(100)]
print(f"loss {losses[0]:.2f} at first, below 0.02 at last: {losses[-1] < 0.02}")
show(descend)

# %% [markdown]
# Because the whole step is known before it runs, it can be improved before it runs. The optimiser does this in passes: it
# computes in advance what is constant, computes once what is written twice, puts operations together that can share one
# walk through memory. Slide through them. The program at the end is what really runs, in numpy, with the line of yours that
# each call comes from. Lesson 10 writes two of these passes.

# %% tags=["nbval-ignore-output"]
passes(descend)

# %% [markdown]
# ## Is it faster?
#
# Measure. Below are a hundred small operations, a handful of large ones, and a single large product, eager and traced. The
# numbers are those of *your* machine, and of this moment. Before you run it: where do you expect a difference, and where none?


# %% tags=["nbval-ignore-output"]
def microseconds(function, *given):
    """The best of several runs, so that whatever else the machine does counts little."""
    function(*given)  # the first call traces
    best = float("inf")
    for _ in range(15):
        start = time.perf_counter()
        function(*given)
        best = min(best, time.perf_counter() - start)
    return 1e6 * best


def many_small(x):
    for _ in range(50):
        x = 0.9 * x + 0.1
    return x


def few_large(x):
    return mt.tanh(0.9 * x + 0.1) * x


def one_product(x):
    return x @ x


small, large = mt.ones([4]), mt.ones([600, 600])
print(f"{'':12} {'eager':>12} {'traced':>12}")
for work, given in ((many_small, small), (few_large, large), (one_product, large)):
    traced = mt.function(work)
    start = time.perf_counter()
    traced(given)
    first = time.perf_counter() - start
    times = microseconds(work, given), microseconds(traced, given)
    print(f"{work.__name__:12} {times[0]:9.0f} µs {times[1]:9.0f} µs", end="")
    print(f"    first call, with tracing: {1e3 * first:.0f} ms")

# %% tags=["check"] ex="08.14"
### BEGIN SOLUTION
why_no_gain = "d"
### LEARNER
# why_no_gain = ...  # "a", "b", "c" or "d"
### END SOLUTION
check("08.14", why_no_gain)

# %% [markdown]
# So: `@mt.function` for what is called often, with the same signature. A function that is called once only pays for the
# tracing.
#
# ## Out of Python
#
# A graph needs no Python function any more, so it can be written down and read elsewhere. `as_graph_def` gives TensorFlow's
# form, which TensorBoard can draw: a list of operations with their names, types and inputs.

# %%
for node in any_length.graph.as_graph_def().node:
    print(f"{node.name:12} {node.op:12} {', '.join(node.input)}")

# %% [markdown]
# `mt.saved_model` writes a module with its functions into a folder: the graphs as text, the variables as numbers. Loading
# runs no code and needs no class. To prove it, the class is deleted first.


# %%
class Parabola(mt.Module):
    def __init__(self):
        super().__init__()
        self.factor = mt.Variable(2.0, name="factor")

    @mt.function(input_signature=[mt.TensorSpec([None], mt.float32)])
    def __call__(self, x):
        return self.factor * x * x


with tempfile.TemporaryDirectory() as folder:
    mt.saved_model.save(Parabola(), folder)
    del Parabola
    parabola = mt.saved_model.load(folder)

print(parabola(mt.constant([1.0, 2.0, 3.0])).numpy())

# %% [markdown]
# ## A glance ahead
#
# A symbol cannot steer Python, so what becomes of `if x > 0`? minitensor rewrites it before tracing, as TensorFlow does:
# both branches are traced, and the graph chooses when it runs. That is **AutoGraph**, and lesson 09 is about it.


# %%
@mt.function
def fold(x):
    if x > 0.0:
        return x
    return -x


print([float(fold(mt.constant(value))) for value in (3.0, -4.0)], "with one trace:",
      fold.experimental_get_tracing_count() == 1)  # fmt: skip
show(fold)

# %% [markdown]
# ## Same idea elsewhere
#
# | here and in TensorFlow | JAX | PyTorch |
# |---|---|---|
# | `@tf.function` | `@jax.jit` | `@torch.compile` |
# | symbol | tracer | fake tensor |
# | key: shape and dtype of tensors, Python values | shape and dtype; `static_argnums` by value | *guards*, checked before each call |
# | `tf.Variable` may change inside | no: return the new state | module state may change inside |
# | `tf.print` | `jax.debug.print` | `print` ends the graph there |
#
# One difference on purpose: TensorFlow takes `1` and `1.0` for the same key, so the second call gets the first one's dtype.
# Here the type is part of the key.
#
# ## Look back
#
# Five questions, the last two with a piece of lesson 06. Answer from memory, then run the cell.
#
# * **08.15** A function under `@mt.function` is called a tenth time, with tensors of a known shape. What runs?
# * **08.16** A print inside a traced function shows a line. What does that prove?
# * **08.17** Which of these calls, repeated a thousand times, fills the memory?
# * **08.18** A traced function holds a tape and asks it for a gradient. Where is it computed?
# * **08.19** `y = np.exp(x)` stands on the way from `x` to the loss. What happens?

# %% tags=["check"] ex="08.15"
### BEGIN SOLUTION
quiz = {"08.15": "c", "08.16": "a", "08.17": "d", "08.18": "b", "08.19": "c"}
### LEARNER
# quiz = {"08.15": ..., "08.16": ..., "08.17": ..., "08.18": ..., "08.19": ...}
### END SOLUTION

display(check("08.15", quiz["08.15"]))
display(check("08.16", quiz["08.16"]))
display(check("08.17", quiz["08.17"]))
display(check("08.18", quiz["08.18"]))
display(check("08.19", quiz["08.19"]))

# %% [markdown]
# ## What you have now
#
# * Tracing runs the Python function once, on symbols, and writes down its operations. After that there is the graph.
# * Prints, lists, counters and numpy happen while tracing. `mt.print`, variables and `mt.random` happen in every run.
# * The key: tensors by shape and dtype, Python values by type and value. A counter of Python makes a graph per number.
# * `traces(f)` and `f.why_retraced()` say why. `mt.constant`, `reduce_retracing`, `input_signature` cure it.
# * Make a variable once, and a function once: not in every call.
# * A graph can be looked at, optimised and exported. It is faster where Python was the slow part.
