# %% [markdown]
# # 13 Model health: histograms, vanishing and exploding gradients, dead units, NaN
#
# **About 75 minutes · 18 short exercises · runs in under a minute**
#
# You will be able to
#
# * write down what happens in a training, step by step, and look at it while it goes on,
# * read histograms and distributions, and make both by hand,
# * tell six states of a network apart: healthy, vanishing, exploding, dead, saturated, NaN,
# * say why twenty sigmoid layers do not learn, and start a deep network so that it does,
# * find the line in which a NaN was born, forward or backward, and repair it.
#
# You need: lesson 12 (*training loop, learning rate, softmax and logits*).

# %% tags=["setup"]
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

import minitensor as mt
from checking import carry, check, hint, predict, solution, todo
from checks.patients import patients
from minitensor import keras
from minitensor_widgets import dashboard, distribution, histogram, model_health

logs = Path(tempfile.mkdtemp())  # what this lesson writes down; use "logs" to keep it

# %% [markdown]
# ## The cliff
#
# The ten digits of lesson 12, and a network with 64 hidden units. In lesson 12 a larger rate was a faster one, up to an edge
# beyond which the loss **explodes**. Here are three rates. Look at the losses.

# %% tags=["nbval-ignore-output"]
(x_train, y_train), (x_test, y_test) = keras.datasets.digits.load_data()
x_train, x_test = x_train.reshape(-1, 64), x_test.reshape(-1, 64)
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def new_model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([
        keras.Input((64,)),
        keras.layers.Dense(64, activation="relu", kernel_initializer="he_normal", name="hidden"),
        keras.layers.Dense(10, name="logits"),
    ])  # fmt: skip


def train(model, rate, steps=300, look=None):
    """Plain descent on batches of 64; `look(step, loss)` is called after every step."""
    rng = np.random.default_rng(1)
    for step in range(steps):
        batch = rng.choice(len(x_train), 64, replace=False)
        with mt.GradientTape() as tape:
            loss = cross_entropy(y_train[batch], model(x_train[batch]))
        gradients = tape.gradient(loss, model.trainable_variables)
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            variable.assign_sub(rate * gradient)
        if look is not None:
            look(step, loss)
    return float(loss)


def accuracy(model):
    return float(np.mean(np.argmax(model(x_test).numpy(), axis=1) == y_test))


models = {rate: new_model() for rate in (0.5, 1.0, 2.0)}
for rate, model in models.items():
    loss = train(model, rate)
    print(f"rate {rate}: loss {loss:.1f}, {100 * accuracy(model):2.0f} of 100 test digits right")

# %% [markdown]
# At rate 1 all is well. At rate 2 the loss does not explode. It lies at 2.3 and **stays** there: log(10), the loss of an
# answer that gives each digit the same share. No error, no warning, no NaN. And from then on no rate whatever brings it back.
#
# What has happened to the network?

# %% tags=["predict"] ex="13.1"
### BEGIN SOLUTION
cliff_guess = "b"
### LEARNER
# cliff_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("13.1", cliff_guess)

# %% tags=["nbval-ignore-output"]
for rate, model in models.items():
    hidden = model.layers[0](x_test).numpy()  # 359 digits, 64 units
    dead = np.mean((hidden == 0).all(axis=0))
    size = np.abs(model.layers[0].kernel.numpy()).mean()
    print(
        f"rate {rate}: {100 * dead:2.0f} of 100 units give 0 for every digit; weights ± {size:.1f}"
    )

# %% tags=["check"]
check("13.1")

# %% [markdown]
# A **dead** unit: whatever the digit, what arrives at its ReLU is negative, so it gives 0. The slope of a ReLU is 0 there,
# so no gradient comes through, so its weights never change again. A step or two that were too long have pushed it over, and there is
# no way back. Note that its weights are not small at all: the opposite.
#
# Loss and accuracy say *that* something is wrong. To see *what*, look inside, at many steps.
#
# ## Write it down
#
# A **summary** is something that is worth a look later: a number, or a whole tensor squeezed into a histogram. A **writer** puts
# summaries of one run into a directory, and every summary has a name and a **step**.

# %%
writer = mt.summary.create_file_writer(logs / "first")
with writer.as_default():
    for step in range(5):
        mt.summary.scalar("loss", 1.0 / (1 + step), step=step)
writer.close()

log = mt.summary.read(logs / "first")
curve = log.scalars("loss")
print(log.tags(), curve.step, curve.value.round(2))

# %% [markdown]
# Those are real event files: TensorBoard opens the directory too. The same five lines in TensorFlow 1 stood in a public
# notebook with this remark beside the step: *Passing the step is important !!!* (Run the cell twice, and each point is there
# twice: a run is what one directory holds. `create_file_writer(…, fresh=True)` makes a new directory each time.)
#
# In the next cell somebody gave every point the step 0. Repair it.


# %% tags=["exercise"] ex="13.2"
def record_losses(writer, losses):
    """Record each loss under the name "loss", at steps 0, 1, 2, and so on."""
    ### BEGIN SOLUTION
    with writer.as_default():
        for step, loss in enumerate(losses):
            mt.summary.scalar("loss", loss, step=step)
    ### LEARNER
    # with writer.as_default(step=0):
    #     for loss in losses:
    #         mt.summary.scalar("loss", loss)
    ### END SOLUTION


# %% tags=["check"]
check("13.2", record_losses)

# %% [markdown]
# Now the cliff again, and this time we watch. Every 10 steps we write down the loss, the share of dead units, and what
# **arrives** at the 64 ReLUs, for all test digits: 23 000 numbers as one histogram. The board below was opened *before* the
# training: it follows while the cell runs.

# %% tags=["nbval-ignore-output"]
writers = {
    rate: mt.summary.create_file_writer(logs / "cliff" / f"rate {rate}") for rate in (1.0, 2.0)
}
display(dashboard(logs / "cliff"))

for rate, writer in writers.items():
    model = new_model()
    layer = model.layers[0]

    def look(step, loss, layer=layer):
        if step % 10 == 0:
            arrives = x_test @ layer.kernel.numpy() + layer.bias.numpy()
            mt.summary.scalar("loss", loss, step=step)
            mt.summary.scalar("dead units", np.mean((arrives <= 0).all(axis=0)), step=step)
            mt.summary.histogram("arrives at the ReLU", arrives, step=step)

    with writer.as_default():
        train(model, rate, look=look)
    writer.close()

# %% [markdown]
# Open *Histograms* and *Distributions*, move through the steps, lay all of them on one line (*overlay*). With rate 1 the histogram
# keeps values on both sides of 0. With rate 2 it slides to the left in a few long jumps, and after 100 steps it stays there.
#
# And under *Scalars*, in "dead units", with *Smoothing* at 0: from which step on are more than half of the units dead?
#
# ## What a histogram is
#
# The file does not hold the 23 000 numbers. It holds 30 **buckets**: equal intervals from the smallest value to the largest, and
# how many values lie in each. A value on an edge counts to the right of it, except the very largest, which belongs to the last
# bucket. If all values are equal, they are all in the last.
#
# Write it, with NumPy and without `np.histogram`.


# %% tags=["exercise"] ex="13.3"
def bucket_counts(values, buckets):
    """How many values lie in each of so many equal intervals: an array of counts."""
    ### BEGIN SOLUTION
    low, high = values.min(), values.max()
    counts = np.zeros(buckets)
    if low == high:
        counts[-1] = values.size
        return counts
    places = np.floor((values - low) / (high - low) * buckets).astype(int)
    for place in np.minimum(places, buckets - 1).ravel():
        counts[place] += 1
    return counts
    ### END SOLUTION


# %% tags=["check"]
check("13.3", bucket_counts)

# %% [markdown]
# A histogram at each of 30 steps makes a landscape. A **distribution** is the same from above: for each step only nine numbers, such
# as the **median**, with half of the values below it. They are read off the buckets: walk from the left until the share is
# reached, and take a straight line within the bucket. With edges 0, 1, 3 and counts 2, 2, the share 0.75 is reached in the
# middle of the second bucket, at 2.
#
# (TensorBoard's bands lie at 7, 16, 31, 50, 69, 84 and 93 percent: of a bell curve, 1½, 1, ½ and 0 standard deviations from its
# middle.)


# %% tags=["exercise"] ex="13.4"
def percentile(edges, counts, share):
    """The value with this share of all below it; edges has one number more than counts."""
    ### BEGIN SOLUTION
    wanted, before = share * np.sum(counts), 0.0
    for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if before + count >= wanted:
            return left + (wanted - before) / count * (right - left)
        before += count
    return edges[-1]
    ### END SOLUTION


# %% tags=["check"]
check("13.4", percentile)

# %%
found = mt.summary.read(logs / "cliff").histograms("arrives at the ReLU", "rate 2.0")
reached_by = carry("13.4")
for place in (0, 5, -1):
    rows = found.buckets[place]
    edges, counts = np.append(rows[:, 0], rows[-1, 1]), rows[:, 2]
    ours = [reached_by(edges, counts, share) for share in (0.16, 0.5, 0.84)]
    theirs = mt.summary.percentiles(rows)[[2, 4, 6]]
    print(
        "16, 50 and 84 percent agree with mt.summary.percentiles:",
        np.allclose(ours, theirs, rtol=2e-2, atol=2e-2),
    )

# %% [markdown]
# ## Twenty layers
#
# Depth is where most of it goes wrong. Twenty layers of 64 units, each `sigmoid(x @ w)`, the weights drawn with standard deviation
# 1/8, so that sums of 64 inputs keep their size. A batch goes forward, a gradient comes back. The gradient of the **first** layer's
# weights, compared with that of the **last** one: how large is it?

# %% tags=["predict"] ex="13.5"
### BEGIN SOLUTION
depth_guess = "d"
### LEARNER
# depth_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("13.5", depth_guess)


# %%
def draw(deviation, depth=20, width=64):
    """A batch, and the weights of equal layers."""
    rng = np.random.default_rng(0)
    x = mt.constant(rng.normal(size=(256, width)).astype("float32"))
    shape = (width, width)
    return x, [
        mt.Variable((deviation * rng.normal(size=shape)).astype("float32")) for _ in range(depth)
    ]


def through(activation, x, weights):
    """What each layer gives for a batch, and the gradients of the weights."""
    outputs = []
    with mt.GradientTape() as tape:
        for w in weights:
            x = activation(x @ w)
            outputs.append(x)
        loss = mt.reduce_mean(x**2)
    return outputs, tape.gradient(loss, weights)


def norm(tensor):
    return float(np.linalg.norm(np.float64(tensor.numpy())))


starts = {
    "sigmoid, 1/8": (mt.sigmoid, 1 / 8),
    "tanh, 1/8": (mt.tanh, 1 / 8),
    "relu, 0.05": (mt.nn.relu, 0.05),
    "relu, √(2/64)": (mt.nn.relu, np.sqrt(2 / 64)),
    "relu, 0.3": (mt.nn.relu, 0.3),
}
runs = {name: through(f, *draw(deviation)) for name, (f, deviation) in starts.items()}
print(f"{'':14}{'first gradient':>16}{'last':>10}{'first / last':>14}{'last output':>13}")
for name, (outputs, gradients) in runs.items():
    first, last, size = norm(gradients[0]), norm(gradients[-1]), norm(outputs[-1])
    ratio = f"{first / last:.0e}" if last else "none"
    print(f"{name:14}{first:16.0e}{last:10.0e}{ratio:>14}{size:13.0e}")

# %% tags=["check"]
check("13.5")

# %% [markdown]
# The slope of a sigmoid is at most 1/4. Twenty of them, one after the other, and the chain rule multiplies: whatever arrives at the
# first layer has been made smaller twenty times. This is the **vanishing gradient**. The first layers do not learn, though
# they are the ones that see the data.
#
# And in the three rows of ReLUs the gradient of first and last layer is alike, but look at their size. With 0.3 the signal grows by
# 1.7 in every layer, forward and backward. That is the **exploding gradient**. With 0.05 nothing arrives at all.
#
# The same as distributions, one column for each layer, of what the layers give:

# %% tags=["nbval-ignore-output"]
for name in ("sigmoid, 1/8", "relu, 0.05", "relu, √(2/64)"):
    columns = {f"{i + 1}": x for i, x in enumerate(runs[name][0])}
    display(distribution(columns, name=f"outputs of 20 layers: {name}"))

# %% [markdown]
# Does training mend it? The board follows 30 steps of descent, with histograms of the gradients of three layers. They show
# **powers of ten**: at −6 lies an element of the gradient that is 0.000001 or −0.000001.

# %% tags=["nbval-ignore-output"]
display(dashboard(logs / "depth"))

for name, rate in (("sigmoid, 1/8", 1.0), ("relu, √(2/64)", 0.1)):
    activation, deviation = starts[name]
    x, weights = draw(deviation)
    with mt.summary.create_file_writer(logs / "depth" / name.split(",")[0]).as_default():
        for step in range(30):
            outputs, gradients = through(activation, x, weights)
            mt.summary.scalar("loss", mt.reduce_mean(outputs[-1] ** 2), step=step)
            for layer in (1, 10, 20):
                sizes = np.abs(gradients[layer - 1].numpy())
                powers = np.log10(sizes[sizes > 0])
                mt.summary.histogram(f"powers of ten/gradient of layer {layer}", powers, step=step)
            for w, gradient in zip(weights, gradients, strict=True):
                w.assign_sub(rate * gradient)

# %% [markdown]
# Open *Histograms*. The sigmoids lie apart: around −16 in the first layer, −9 in the tenth, −3 in the last, from the first step to
# the last one. And yet their loss falls! The last layer brings it down alone, on top of numbers that no layer before it ever learned to
# choose. The loss does not tell; the histograms do. The layers of the ReLUs lie close together.

# %% [markdown]
# ## A start that keeps the size
#
# A unit adds up `inputs` products. If its weights have variance v, the sum has `inputs · v` times the mean square of what
# comes in. A ReLU throws away half of it. So the size is kept from layer to layer if
#
# ```text
# inputs · v / 2 = 1      the variance is 2 / inputs
# ```
#
# That is **He initialisation**. (Without the half that is thrown away it is 1 / inputs: Xavier's, for tanh.) Write it. `rng` is
# NumPy's generator: `rng.normal(mean, deviation, shape)`.


# %% tags=["exercise"] ex="13.6"
def he_weights(inputs, outputs, rng):
    """Weights (inputs, outputs) that keep the size of a signal through ReLU layers."""
    ### BEGIN SOLUTION
    return rng.normal(0.0, np.sqrt(2 / inputs), (inputs, outputs))
    ### END SOLUTION


# %% tags=["check"]
check("13.6", he_weights)

# %% [markdown]
# ## Wake the units
#
# Somebody had read that sparse networks are good networks, and let every hidden unit begin *quietly*. The network does
# not learn, at any rate. Find the line, and repair it. Keep the weights as they are: only one number has to change.


# %% tags=["exercise"] ex="13.7"
def quiet_layer(inputs, outputs, rng):
    """Weights and offsets of a ReLU layer for digits."""
    weights = rng.normal(0.0, np.sqrt(2 / inputs), (inputs, outputs))
    ### BEGIN SOLUTION
    offsets = np.zeros(outputs)
    ### LEARNER
    # offsets = np.full(outputs, -3.0)
    ### END SOLUTION
    return weights, offsets


# %% tags=["check"]
check("13.7", quiet_layer)

# %% [markdown]
# ## A doctor
#
# You now know what to look for. `mt.summary.health` looks for it in every layer at once: it reads the tape of one step.
#
# | | means | worry |
# |---|---|---|
# | norm of gradient | length of a layer's gradient | first and last layer differ by 1000 and more |
# | gradient / weight | the same, divided by the length of its weights | |
# | update / weight | the same with the step that is taken: rate times gradient | 1/1000 is usual, worry from 1/10 |
# | dead | share of units that give 0 for the whole batch | a tenth is usual, worry from 40 % |
# | saturated | share of sigmoid and tanh outputs within 1 % of their ends | more than a third |
# | not finite | NaN or inf, forward or backward: first layer, and your line | any |
#
# (It looks at the 1438 training digits. The two units that are left over for some test digit answer to none of these, so
# nothing can move them either.)

# %% tags=["nbval-ignore-output"]
model = models[2.0]  # beyond the cliff
with mt.GradientTape(persistent=True) as tape:
    loss = cross_entropy(y_train, model(x_train))
report = mt.summary.health(model, tape, loss=loss)
print(report)

# %% [markdown]
# In `fit`, a callback does the same every few steps, and the widget draws layers over time. A ▲ or ▼ beside a number only says that
# it is larger or smaller than usual; what is worth worrying about stands in the sentences.

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(0)
sigmoids = [keras.layers.Dense(32, activation="sigmoid", name=f"layer_{i}") for i in range(1, 9)]
model = keras.Sequential([keras.Input((64,)), *sigmoids, keras.layers.Dense(10, name="logits")])
model.compile(optimizer=keras.optimizers.SGD(0.5), loss=cross_entropy)
doctor = keras.callbacks.Health(every=10)
model.fit(x_train, y_train, epochs=5, batch_size=64, callbacks=[doctor], verbose=0)
model_health(doctor)

# %% [markdown]
# ## Where is a NaN born?
#
# A NaN in the loss tells nothing about its cause. One NaN anywhere makes everything after it NaN, forward, and then, through the
# gradient, every weight. The way to find it is to ask where it appeared **first**.
#
# Here is a famous one. The root of a negative number is NaN, so somebody took care: `where` takes the root only where there
# is one.
#
# ```python
# y = mt.where(x > 0, x**0.5, 0.0)
# ```
#
# At x = 0 and x = 4 the values are 0 and 2, and no NaN is in sight. What is the gradient of the sum of y?

# %% tags=["predict"] ex="13.8"
### BEGIN SOLUTION
where_guess = "c"
### LEARNER
# where_guess = ...  # "a", "b", "c" or "d"
### END SOLUTION
predict("13.8", where_guess)

# %%
x = mt.Variable([0.0, 4.0])
with mt.GradientTape() as tape:
    y = mt.where(x > 0, x**0.5, 0.0)
print("y", y.numpy(), "  gradient", tape.gradient(y, x).numpy())

# %% tags=["check"]
check("13.8")

# %% [markdown]
# `where` chooses between two tensors that are **both** computed. Backward it sends 0 to the root at x = 0. But the slope of the
# root there is infinite, and `0 · ∞` is NaN. `where` protects the value, not the gradient. (`mt.sqrt`, like TensorFlow's, has a
# rule of its own for this one case; PyTorch's has not. Powers, logarithms and quotients have none anywhere.)
#
# The cure is an old trick: a second `where`, *inside*, so that the root never sees a number that it cannot bear.


# %% tags=["exercise"] ex="13.9"
def safe_root(x):
    """√x where x > 0, else 0; the gradient is 0 where x is not above 0."""
    ### BEGIN SOLUTION
    inside = mt.where(x > 0, x, 1.0)
    return mt.where(x > 0, inside**0.5, 0.0)
    ### LEARNER
    # return mt.where(x > 0, x**0.5, 0.0)
    ### END SOLUTION


# %% tags=["check"]
check("13.9", safe_root)

# %% [markdown]
# The doctor finds such a line. This network takes distances between hidden numbers, and one pair is at distance 0. Watch what it says:
# *backward*, and which line.


# %%
class Distances(keras.layers.Layer):
    """The length of each row, the naive way."""

    def call(self, x):
        squares = mt.reduce_sum(x**2, axis=1, keepdims=True)
        return mt.where(squares > 0, squares**0.5, 0.0)


keras.utils.set_random_seed(0)
model = keras.Sequential([
    keras.Input((3,)), keras.layers.Dense(4, use_bias=False, name="first"), Distances(name="distances"),
])  # fmt: skip
with mt.GradientTape(persistent=True) as tape:
    loss = mt.reduce_mean(model(mt.constant([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])))
print("loss is finite:", bool(np.isfinite(loss.numpy())))
for finding in mt.summary.health(model, tape, loss=loss).findings:
    print(finding.sentence, finding.line, sep="\n   ")

# %% [markdown]
# The second famous one: `log(0)`. A softmax share of 0.0 is not impossible, only rounded: with a logit 200 below the others `exp`
# gives exactly 0. Repair the loss. (Lesson 12 has the answer, in *softmax, once*. Adding `1e-9` is not it: then the gradient of a
# very wrong answer is 0.)


# %% tags=["exercise"] ex="13.10"
def sure_loss(logits, labels):
    """The mean cross-entropy of a batch of logits, also where they are huge."""
    ### BEGIN SOLUTION
    return mt.reduce_mean(
        mt.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    ### LEARNER
    # shares = mt.nn.softmax(logits)
    # return -mt.reduce_mean(mt.math.log(mt.gather(shares, labels, batch_dims=1)))
    ### END SOLUTION


# %% tags=["check"]
check("13.10", sure_loss)

# %% [markdown]
# ## Six patients
#
# Six networks were trained for 30 steps on the digits. (How, stands in `checks/patients.py`: look there afterwards.) For
# each you see the distribution of what its hidden layers gave for the last batch, layer by layer, and three lines of numbers. Give
# each a diagnosis: `"healthy"`, `"vanishing"`, `"exploding"`, `"dead"`, `"saturated"`, `"nan"`. Each occurs once.

# %% tags=["nbval-ignore-output"]
ward = patients()
figure, axes = plt.subplots(2, 3, figsize=(10, 5), layout="constrained")
for axis, (letter, patient) in zip(axes.flat, ward.items(), strict=True):
    bands = np.stack([mt.summary.percentiles(mt.summary.bucketed(h)) for h in patient.outputs])
    layers = np.arange(1, len(bands) + 1)
    for i in range(4):  # minimum to maximum, 7 to 93 %, 16 to 84 %, 31 to 69 %
        axis.fill_between(layers, bands[:, i], bands[:, 8 - i], color="#1f5fa8", alpha=0.25)
    axis.plot(layers, bands[:, 4], color="black")
    axis.set(title=f"Patient {letter}", xlabel="hidden layer", xticks=layers)
    print(f"Patient {letter}\n{patient}")
for axis in axes[:, 0]:
    axis.set_ylabel("what it gave")
plt.show()

# %% tags=["exercise"] ex="13.11"
### BEGIN SOLUTION
diagnoses = {
    "A": "vanishing", "B": "healthy", "C": "exploding", "D": "dead", "E": "saturated", "F": "nan",
}  # fmt: skip
### LEARNER
# diagnoses = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ..., "F": ...}
### END SOLUTION

# %% tags=["check"]
check("13.11", diagnoses)

# %% [markdown]
# ## Same idea elsewhere
#
# ```python
# # TensorFlow: the very same names
# with tf.summary.create_file_writer("logs").as_default():
#     tf.summary.histogram("weights", w, step=step)
# model.fit(x, y, callbacks=[tf.keras.callbacks.TensorBoard("logs", histogram_freq=1)])
#
# # PyTorch: the same files
# writer = torch.utils.tensorboard.SummaryWriter("logs")
# writer.add_histogram("weights", w, step)
# torch.autograd.set_detect_anomaly(True)  # names the forward line of a NaN that is born backward
#
# # JAX
# jax.config.update("jax_debug_nans", True)
# ```
#
# TensorBoard opens the directory of this lesson as well: in a new cell, `%load_ext minitensor_widgets`, and then
# `%tensorboard --logdir …` with the value of `logs`. Look for its pages *Scalars*, *Histograms* and *Distributions*.
#
# ## Make: fifty histograms
#
# A public notebook about TensorFlow 1 draws new random weights at each of 50 steps and writes their histogram:
#
# ```python
# b = tf.Variable(tf.random_uniform((50, 30), -1, 1), name="b")
# tf.summary.histogram("b_tensor_summary", b)
# merged_summary = tf.summary.merge_all()
# with tf.Session() as session:
#     writer = tf.summary.FileWriter("tensorboard4", session.graph)
#     for step in range(50):
#         session.run(tf.global_variables_initializer())
#         s_val = session.run(merged_summary)
#         writer.add_summary(s_val, step)
# ```
#
# Write it the modern way: no graph, no session, no merge. The same name, the same 50 steps, into `folder`.


# %% tags=["exercise"] ex="13.12"
def fifty_histograms(folder):
    """Write the histogram of new weights (50, 30), uniform in [-1, 1), at each of 50 steps."""
    ### BEGIN SOLUTION
    with mt.summary.create_file_writer(folder) as writer, writer.as_default():
        for step in range(50):
            b = mt.random.uniform((50, 30), -1, 1)
            mt.summary.histogram("b_tensor_summary", b, step=step)
    ### END SOLUTION


# %% tags=["check"]
check("13.12", fifty_histograms)

# %% tags=["nbval-ignore-output"]
carry("13.12")(logs / "fifty")
dashboard(logs / "fifty")

# %% [markdown]
# ## Look back
#
# Six questions, the last two from earlier lessons. Answer from memory, then run the cell.
#
# * **13.13** A unit is dead. How do you know?
# * **13.14** The loss is NaN from step 40 on. Where is the cause?
# * **13.15** Twenty tanh layers, weights with deviation 1: the gradient of the first layer is a million times that of the last. What do you change
#   first?
# * **13.16** A curve in the dashboard is a single vertical line. What was forgotten?
# * **13.17** From lesson 12: a larger batch, with a mean in the loss and the same rate. What changes?
# * **13.18** From lesson 06: a gradient is None, not NaN and not 0. What does that say?

# %% tags=["check"] ex="13.13"
### BEGIN SOLUTION
quiz = {"13.13": "c", "13.14": "a", "13.15": "d", "13.16": "b", "13.17": "a", "13.18": "c"}
### LEARNER
# quiz = {"13.13": ..., "13.14": ..., "13.15": ..., "13.16": ..., "13.17": ..., "13.18": ...}
### END SOLUTION

display(check("13.13", quiz["13.13"]))
display(check("13.14", quiz["13.14"]))
display(check("13.15", quiz["13.15"]))
display(check("13.16", quiz["13.16"]))
display(check("13.17", quiz["13.17"]))
display(check("13.18", quiz["13.18"]))

# %% [markdown]
# ## What you have now
#
# * A summary has a name and a step. A writer keeps the summaries of a run in files; boards and TensorBoard read them.
# * A histogram is counts in equal intervals; a distribution is its percentiles, step after step.
# * A unit whose ReLU gets nothing but negative numbers is dead, and no gradient brings it back. Its weights may be large.
# * Depth multiplies. Slopes below 1 vanish, factors above 1 explode; a start with variance 2 / inputs keeps the size.
# * Ask where a NaN appeared first. `where` protects the value, a second `where` inside protects the gradient.
# * `mt.summary.health` and `keras.callbacks.Health` look for all of it, layer by layer.
