# %% [markdown]
# # 06 GradientTape in practice
#
# **About 75 minutes · 22 short exercises · runs in a few seconds**
#
# You will be able to
#
# * say what a tape watches, and when its record is gone,
# * find out why a gradient is `None`, and repair each of the six usual causes,
# * stop a gradient, bend it, and clip it without killing it,
# * take a second derivative,
# * train a network on handwritten digits with a tape and plain operations.
#
# You need: lesson 04 (*forward, seed, visit in reverse, local rule, accumulate, un-broadcast*).

# %% tags=["setup"]
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from sklearn.datasets import load_digits

import minitensor as mt
from checking import carry, check, hint, predict, solution, todo
from minitensor_widgets import show, step

# %% [markdown]
# ## A descent that stops
#
# We want the `w` for which `(w - 3) ** 2` is smallest. It is 3, of course. The plan: take the gradient, go a small
# step against it, repeat. Read the loop, then run it.

# %%
w = mt.Variable(0.0, name="w")
for turn in range(4):
    with mt.GradientTape() as tape:
        loss = (w - 3.0) ** 2
    gradient = tape.gradient(loss, w)
    print(f"turn {turn}: loss {loss.numpy():.2f}, gradient {gradient}")
    if gradient is None:
        break
    w = w - 0.1 * gradient

# %% [markdown]
# The first turn is right. The second has no gradient at all: `None`. This is the question most often asked about
# tapes, and nothing in the output says why. By the end of this lesson you can see it in the code.
#
# ## What a tape does
#
# Inside its `with` block, a tape writes down every operation that a **watched** value goes through: the operation, its
# inputs, its result. `tape.gradient(target, sources)` walks back through this record, as in lesson 04.
#
# * Trainable variables are watched by themselves, as soon as they are read.
# * `mt.Variable(…, trainable=False)` and constants are not. `tape.watch(…)` asks for them.
# * Sources may be one value, a list, or a dict of them. The answer has the same form.
# * The target is usually one number. If it is a tensor, the gradient is that of its **sum**.
#
# Now a prediction. `y = a * b`, and we ask the same tape twice, first for `a`, then for `b`.

# %% tags=["predict"] ex="06.1"
### BEGIN SOLUTION
guess = "d"
### LEARNER
# guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("06.1", guess)

# %%
a = mt.Variable(2.0, name="a")
b = mt.Variable(3.0, name="b")

with mt.GradientTape() as tape:
    y = a * b

print("for a:", tape.gradient(y, a).numpy())
try:
    print("for b:", tape.gradient(y, b).numpy())
except RuntimeError as error:
    print(f"for b: a RuntimeError: {error}")

with mt.GradientTape() as tape:
    y = a * b
print("both at once:", [float(gradient) for gradient in tape.gradient(y, [a, b])])

with mt.GradientTape(persistent=True) as tape:
    y = a * b
print("persistent: ", tape.gradient(y, a).numpy(), "and then", tape.gradient(y, b).numpy())

# %% tags=["check"]
check("06.1")

# %% [markdown]
# ## The None clinic
#
# `None` does not mean 0. Zero says: *the target does not react to this*. `None` says: *the tape knows no path from
# here to there*. So somewhere the path is cut, and the question is where.
#
# `tape.explain(target, source)` walks the path for you, from the source to the target, and marks the first broken link
# with ✗. Here is a healthy case, and one without any path: `offset` was forgotten. (`read_variable` is the moment at
# which a variable is read. That is an operation too.)

# %%
weight = mt.Variable(2.0, name="weight")
offset = mt.Variable(1.0, name="offset")

with mt.GradientTape() as tape:
    y = 4.0 * weight

print(tape.explain(y, weight), end="\n\n")
print(tape.explain(y, offset))


def clinic(card, value, cause):
    """The gradient of a card; and, once you have named a cause, what the tape says."""
    gradient, why = card(value)
    print(f"gradient at {value}:", None if gradient is None else f"{gradient.numpy():.4g}")
    if cause is not ...:
        print(why)


# %% [markdown]
# Six patients follow. Each card is a function that returns a gradient and an explanation, and each gradient is `None`.
# For each card:
#
# 1. read the code and name the **cause** (run the cell once to see the list of causes),
# 2. **repair** the code, so that the gradient of `y` with respect to `x` comes out,
# 3. run the cell: the checks look at both, and the tape says what it sees.
#
# ### Card 1


# %% tags=["exercise", "check"] ex="06.2"
def card_1(value):
    x = mt.constant(value)
    with mt.GradientTape() as tape:
        ### BEGIN SOLUTION
        tape.watch(x)
        ### LEARNER
        ### END SOLUTION
        s = x * x
        y = s * x
    return tape.gradient(y, x), tape.explain(y, x)


### BEGIN SOLUTION
cause_1 = "a"
### LEARNER
# cause_1 = ...  # one letter
### END SOLUTION

display(check("06.3", cause_1))
display(check("06.2", card_1))
clinic(card_1, 3.0, cause_1)

# %% [markdown]
# ### Card 2


# %% tags=["exercise", "check"] ex="06.4"
def card_2(value):
    x = mt.Variable(value)
    ### BEGIN SOLUTION
    with mt.GradientTape() as tape:
        s = x * x
        y = 3.0 * s
    ### LEARNER
    # s = x * x
    # with mt.GradientTape() as tape:
    #     y = 3.0 * s
    ### END SOLUTION
    return tape.gradient(y, x), tape.explain(y, x)


### BEGIN SOLUTION
cause_2 = "b"
### LEARNER
# cause_2 = ...
### END SOLUTION

display(check("06.5", cause_2))
display(check("06.4", card_2))
clinic(card_2, 3.0, cause_2)

# %% [markdown]
# ### Card 3
#
# The descent from the beginning of the lesson. Repair the update, so that the loop makes all three turns. The card
# gives the gradient of the third.


# %% tags=["exercise", "check"] ex="06.6"
def card_3(rate):
    w = mt.Variable(0.0)
    for _ in range(3):
        with mt.GradientTape() as tape:
            loss = (w - 3.0) ** 2
        gradient, why = tape.gradient(loss, w), tape.explain(loss, w)
        if gradient is None:
            break
        ### BEGIN SOLUTION
        w.assign_sub(rate * gradient)
        ### LEARNER
        # w = w - rate * gradient
        ### END SOLUTION
    return gradient, why


### BEGIN SOLUTION
cause_3 = "c"
### LEARNER
# cause_3 = ...
### END SOLUTION

display(check("06.7", cause_3))
display(check("06.6", card_3))
clinic(card_3, 0.25, cause_3)

# %% [markdown]
# ### Card 4


# %% tags=["exercise", "check"] ex="06.8"
def card_4(value):
    x = mt.Variable(value)
    with mt.GradientTape() as tape:
        ### BEGIN SOLUTION
        s = mt.exp(x)
        y = 2.0 * s
        ### LEARNER
        # s = np.exp(x.numpy())
        # y = 2.0 * mt.constant(s)
        ### END SOLUTION
    return tape.gradient(y, x), tape.explain(y, x)


### BEGIN SOLUTION
cause_4 = "d"
### LEARNER
# cause_4 = ...
### END SOLUTION

display(check("06.9", cause_4))
display(check("06.8", card_4))
clinic(card_4, 1.0, cause_4)

# %% [markdown]
# ### Card 5


# %% tags=["exercise", "check"] ex="06.10"
def card_5(value):
    ### BEGIN SOLUTION
    x = mt.Variable(float(value))
    ### LEARNER
    # x = mt.Variable(value)
    ### END SOLUTION
    with mt.GradientTape() as tape:
        y = x * x
    return tape.gradient(y, x), tape.explain(y, x)


### BEGIN SOLUTION
cause_5 = "e"
### LEARNER
# cause_5 = ...
### END SOLUTION

display(check("06.11", cause_5))
display(check("06.10", card_5))
clinic(card_5, 3, cause_5)

# %% [markdown]
# ### Card 6


# %% tags=["exercise", "check"] ex="06.12"
def card_6(value):
    x = mt.Variable(value)
    ### BEGIN SOLUTION
    with mt.GradientTape() as tape:
        total = 0.0 + x * x
        y = 5.0 * total
    ### LEARNER
    # total = mt.Variable(0.0)
    # with mt.GradientTape() as tape:
    #     total.assign_add(x * x)
    #     y = 5.0 * total
    ### END SOLUTION
    return tape.gradient(y, x), tape.explain(y, x)


### BEGIN SOLUTION
cause_6 = "f"
### LEARNER
# cause_6 = ...
### END SOLUTION

display(check("06.13", cause_6))
display(check("06.12", card_6))
clinic(card_6, 3.0, cause_6)

# %% [markdown]
# A cut path is loud compared to a path that is cut *half*: then a gradient comes out, and it is wrong. If a value in
# your loss went through numpy and another did not, no `None` warns you.
#
# ## The second derivative
#
# A gradient is computed with operations, and a tape can record operations. So one tape around another gives the
# derivative of the derivative. For `y = x ** 3` at 3 it should be `6 * x = 18`. Look closely at where each line stands,
# and predict what this prints.
#
# ```python
# x = mt.Variable(3.0)
# with mt.GradientTape() as outer:
#     with mt.GradientTape() as inner:
#         y = x**3
# g = inner.gradient(y, x)
# print(outer.gradient(g, x))
# ```

# %% tags=["predict"] ex="06.14"
### BEGIN SOLUTION
second_guess = "b"
### LEARNER
# second_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("06.14", second_guess)

# %%
x = mt.Variable(3.0, name="x")

with mt.GradientTape() as outer:
    with mt.GradientTape() as inner:
        y = x**3
g = inner.gradient(y, x)
print("after the outer tape: ", outer.gradient(g, x))

with mt.GradientTape() as outer:
    with mt.GradientTape() as inner:
        y = x**3
    g = inner.gradient(y, x)
print("within the outer tape:", outer.gradient(g, x))

# %% tags=["check"]
check("06.14")

# %% [markdown]
# ## Stop it, bend it, clip it
#
# Sometimes you *want* to cut a path. `mt.stop_gradient(x)` gives the value of `x` and lets nothing back. And sometimes you
# want your own local rule. A function under `@mt.custom_gradient` returns two things: its value, and a function that
# turns the gradient that arrives into the one that is passed on. This one leaves the value alone and turns the gradient
# round, a trick to *un*-learn something:
#
# ```python
# @mt.custom_gradient
# def flip_gradient(x):
#     def backward(g):
#         return -g
#
#     return mt.identity(x), backward
# ```
#
# Very large gradients make a descent jump. A common cure is **gradient clipping**: bring every number of the gradient
# into `[-1, 1]` on its way back. Write it. `mt.clip_by_value(t, low, high)` brings a tensor between two bounds.


# %% tags=["exercise"] ex="06.15"
### BEGIN SOLUTION
@mt.custom_gradient
def clip_gradient(x):
    """Give x itself; the gradient that comes back is brought into [-1, 1], number by number."""

    def backward(g):
        return mt.clip_by_value(g, -1.0, 1.0)

    return mt.identity(x), backward


### LEARNER
# def clip_gradient(x):
#     """Give x itself; the gradient that comes back is brought into [-1, 1], number by number."""
#     return mt.identity(x)
### END SOLUTION

# %% tags=["check"]
check("06.15", clip_gradient)

# %% [markdown]
# There is a famous way to get this wrong. In several public programs that learn to play games, large errors were
# supposed to count less, so the *error* was clipped before it was squared. Below are two predictions with the errors
# 0.5 and 5. Run the cell, look at the gradients, then say why.

# %% tags=["check"] ex="06.16"
predictions = mt.Variable([1.5, 6.0])
targets = mt.constant([1.0, 1.0])

with mt.GradientTape() as tape:
    loss = mt.reduce_sum(mt.clip_by_value(predictions - targets, -1.0, 1.0) ** 2)
print("error clipped:   ", tape.gradient(loss, predictions).numpy())

clip = carry("06.15")
with mt.GradientTape() as tape:
    loss = mt.reduce_sum(clip(predictions - targets) ** 2)
print("gradient clipped:", tape.gradient(loss, predictions).numpy())

### BEGIN SOLUTION
why_zero = "a"
### LEARNER
# why_zero = ...  # "a", "b", "c" or "d"
### END SOLUTION
check("06.16", why_zero)

# %% [markdown]
# ## Train a network
#
# Everything you need is here now. scikit-learn brings 1797 small images of handwritten digits, 8 by 8 pixels. We keep
# 360 of them for the test: the network never sees them while it learns.

# %%
digits = load_digits()
images = (digits.data / 16.0).astype("float32")  # 64 numbers from 0 to 1 each
labels = digits.target

rng = np.random.default_rng(0)
order = rng.permutation(len(images))
test, train = order[:360], order[360:]

figure, axes = plt.subplots(1, 10, figsize=(8, 1.2))
for axis, place in zip(axes, train, strict=False):
    axis.imshow(digits.images[place], cmap="gray_r")
    axis.set_title(labels[place])
    axis.axis("off")

# %% [markdown]
# The network has two layers. The first makes 64 numbers of the 64 pixels and sets the negative ones to 0 (*relu*). The
# second makes ten numbers of those, one per digit, called **logits**: the largest one wins.
#
# The loss is the **cross-entropy**. If `p` is the share that the network gives to the right digit, where each logit
# counts as `exp(logit)`, then the loss is `-log(p)`, on average over the images. Written out, it is the logarithm of the
# sum of all `exp(logit)`, minus the logit of the right digit.
#
# Each `name_scope` becomes a box in the picture, which you can close and open. Click a node to see its value, its
# shape and its local rule. Where will the walk back un-broadcast?

# %%
w1 = mt.Variable(rng.normal(0.0, 0.18, (64, 64)).astype("float32"), name="w1")
b1 = mt.Variable(np.zeros(64, "float32"), name="b1")
w2 = mt.Variable(rng.normal(0.0, 0.18, (64, 10)).astype("float32"), name="w2")
b2 = mt.Variable(np.zeros(10, "float32"), name="b2")
parameters = [w1, b1, w2, b2]


def network(x):
    with mt.name_scope("hidden"):
        hidden = mt.maximum(x @ w1 + b1, 0.0)
    with mt.name_scope("logits"):
        return hidden @ w2 + b2


def cross_entropy(logits, labels):
    right = np.eye(10, dtype="float32")[labels]  # a 1 at the right digit
    with mt.name_scope("cross_entropy"):
        log_share = mt.reduce_sum(right * logits, axis=1) - mt.reduce_logsumexp(logits, axis=1)
        return -mt.reduce_mean(log_share)


with mt.GradientTape() as tape:
    loss = cross_entropy(network(images[train[:5]]), labels[train[:5]])
show(tape)

# %% [markdown]
# Now the loop, and it is the loop of card 3: record, take the gradient, step against it. A step does not look at all
# images but at 32 of them, a **mini-batch**. That is noisier and far cheaper. One pass over all images is an **epoch**.


# %% tags=["nbval-ignore-output"]
def accuracy(places):
    guesses = np.argmax(network(images[places]).numpy(), axis=1)
    return float(np.mean(guesses == labels[places]))


rate, losses = 0.5, []
for epoch in range(20):
    order = rng.permutation(train)
    for start in range(0, len(order), 32):
        batch = order[start : start + 32]
        with mt.GradientTape() as tape:
            loss = cross_entropy(network(images[batch]), labels[batch])
        gradients = tape.gradient(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.assign_sub(rate * gradient)
        losses.append(float(loss))
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1:2}: loss {np.mean(losses[-45:]):.3f}, test {accuracy(test):.1%}")

# %%
figure, axis = plt.subplots(figsize=(6, 3))
axis.plot(losses, linewidth=0.6, color="0.6", label="each mini-batch")
smooth = np.convolve(losses, np.ones(45) / 45, mode="valid")
axis.plot(np.arange(len(smooth)) + 44, smooth, label="mean of the last epoch")
axis.set(xlabel="step", ylabel="loss", yscale="log", title="What the descent did")
axis.legend()
print("at least 96 of 100 unseen digits are read right:", accuracy(test) >= 0.96)

# %% [markdown]
# Fifty lines, and nothing in them is hidden from you. **Change something**: the rate to 5, the batch to 1400, the width of
# the hidden layer, `clip` around the logits. Predict first what the curve will do.
#
# ## Same idea elsewhere
#
# ```python
# # TensorFlow: the same names
# with tf.GradientTape() as tape:
#     loss = loss_of(parameters, batch)
# gradients = tape.gradient(loss, parameters)
#
# # PyTorch: every tensor carries its own tape, and .grad adds up over calls
# optimizer.zero_grad()
# loss = loss_of(parameters, batch)
# loss.backward()  # fills p.grad for every parameter p
#
# # JAX: a function goes in, its gradient function comes out; there is nothing to watch
# loss, gradients = jax.value_and_grad(loss_of)(parameters, batch)
# ```
#
# | here and in TensorFlow | PyTorch | JAX |
# |---|---|---|
# | `stop_gradient` | `x.detach()` | `jax.lax.stop_gradient` |
# | `custom_gradient` | `torch.autograd.Function` | `jax.custom_vjp` |
# | a cut path gives `None` | an error, *does not require grad*, or `.grad` stays `None` | zeros |
#
# ## Make: one gradient, a few rows at a time
#
# The record of a large batch may not fit into memory. But gradients **accumulate**, so a large batch can be cut into
# pieces, each with a tape of its own. Write `gradient_in_pieces(w, x, t, size)`: the gradient of the mean squared error
# over *all* rows, `mt.reduce_mean((x @ w - t) ** 2)`, computed from at most `size` rows at a time. `w` is a variable, `x`
# of shape `(n, 2)` and `t` of shape `(n, 1)` are arrays. Mind the last piece: it may be smaller.


# %% tags=["exercise"] ex="06.17"
def gradient_in_pieces(w, x, t, size):
    """The gradient of the mean over all rows, from `size` rows at a time."""
    ### BEGIN SOLUTION
    total = 0.0
    for start in range(0, len(x), size):
        some_x, some_t = x[start : start + size], t[start : start + size]
        with mt.GradientTape() as tape:
            part = mt.reduce_mean((some_x @ w - some_t) ** 2)
        total = total + tape.gradient(part, w) * len(some_x)
    return total / len(x)
    ### END SOLUTION


# %% tags=["check"]
check("06.17", gradient_in_pieces)

# %% [markdown]
# ## Look back
#
# Five questions, two of them from lesson 04. Answer from memory, then run the cell.
#
# * **06.18** A gradient is `None`. What does that say?
# * **06.19** `y = x * mt.stop_gradient(x)` at `x = 3`. What is the gradient of `y` in `x`?
# * **06.20** When do you need `persistent=True`?
# * **06.21** A value is used by two operations. What is its gradient?
# * **06.22** A bias of shape `(10,)` is added to a batch of shape `(32, 10)`. What happens to its gradient?

# %% tags=["check"] ex="06.18"
### BEGIN SOLUTION
quiz = {"06.18": "c", "06.19": "b", "06.20": "a", "06.21": "d", "06.22": "b"}
### LEARNER
# quiz = {"06.18": ..., "06.19": ..., "06.20": ..., "06.21": ..., "06.22": ...}
### END SOLUTION

display(check("06.18", quiz["06.18"]))
display(check("06.19", quiz["06.19"]))
display(check("06.20", quiz["06.20"]))
display(check("06.21", quiz["06.21"]))
display(check("06.22", quiz["06.22"]))

# %% [markdown]
# ## What you have now
#
# * A tape records what watched values go through, inside its block, once.
# * `None` is a cut path: unwatched, outside, replaced, numpy, integers, state. `tape.explain` finds the cut.
# * Nest tapes for higher derivatives, with the inner gradient taken **inside** the outer block.
# * `stop_gradient` cuts on purpose. `custom_gradient` sets the local rule. Clip gradients, not values.
# * A training loop is six lines: batch, record, loss, gradient, step, repeat.
