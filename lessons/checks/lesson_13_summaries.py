"""Exercises of lesson 13 on what is written down: steps, buckets, percentiles, fifty histograms."""

import tempfile
from itertools import pairwise

import numpy as np

import minitensor as mt
from checking import Exercise, Mutant, Question

# 13.2: the step


def record_losses(writer, losses):
    """Record each loss under the name "loss", at steps 0, 1, 2, and so on."""
    with writer.as_default():
        for step, loss in enumerate(losses):
            mt.summary.scalar("loss", loss, step=step)


def all_at_step_0(writer, losses):
    with writer.as_default(step=0):
        for loss in losses:
            mt.summary.scalar("loss", loss)


def counted_from_one(writer, losses):
    with writer.as_default():
        for step, loss in enumerate(losses, 1):
            mt.summary.scalar("loss", loss, step=step)


def the_last_one_only(writer, losses):
    with writer.as_default():
        mt.summary.scalar("loss", losses[-1], step=len(losses) - 1)


def means_so_far(writer, losses):
    with writer.as_default():
        for step in range(len(losses)):
            mt.summary.scalar("loss", float(np.mean(losses[: step + 1])), step=step)


def a_name_for_each(writer, losses):
    with writer.as_default():
        for step, loss in enumerate(losses):
            mt.summary.scalar(f"loss {step}", loss, step=step)


def no_default(writer, losses):
    for step, loss in enumerate(losses):
        mt.summary.scalar("loss", loss, step=step)


def default_step(writer, losses):
    for step, loss in enumerate(losses):
        with writer.as_default(step=step):
            mt.summary.scalar("loss", loss)


def set_step(writer, losses):
    with writer.as_default():
        for step, loss in enumerate(losses):
            mt.summary.experimental.set_step(step)
            mt.summary.scalar("loss", loss)
    mt.summary.experimental.set_step(None)


def some_losses(rng):
    for count in (1, 2, 3, 5, 8):
        yield (np.round(rng.uniform(0.1, 3.0, count), 2).tolist(),)


def written(function, losses):
    """What stands in the files after the function has run."""
    with tempfile.TemporaryDirectory() as folder:
        writer = mt.summary.create_file_writer(folder)
        try:
            found = function(writer, losses)
        finally:
            writer.close()
        if found is not None and not hasattr(found, "numpy"):
            return found
        log = mt.summary.read(folder)
        if "loss" not in log.tags().get(".", {}):
            return {"names": sorted(log.tags().get(".", {}))}
        curve = log.scalars("loss")
        return {"steps": curve.step, "values": np.asarray(curve.value, "float32")}


# 13.3: buckets


def bucket_counts(values, buckets):
    """How many values lie in each of so many equal intervals: an array of counts."""
    low, high = np.min(values), np.max(values)
    if low == high:
        return np.array([0] * (buckets - 1) + [np.size(values)])
    return np.histogram(values, buckets, (low, high))[0]


def by_comparing(values, buckets):
    values = np.ravel(values)
    edges = np.linspace(values.min(), values.max(), buckets + 1)
    counts = [np.sum((values >= a) & (values < b)) for a, b in pairwise(edges)]
    counts[-1] += np.sum(values == edges[-1])
    if edges[0] == edges[-1]:
        return [0] * (buckets - 1) + [len(values)]
    return np.array(counts)


def by_searching(values, buckets):
    values = np.sort(np.ravel(values))
    if values[0] == values[-1]:
        return np.bincount([buckets - 1] * len(values), minlength=buckets)
    edges = np.linspace(values[0], values[-1], buckets + 1)
    places = np.searchsorted(edges, values, side="right") - 1
    return np.bincount(np.minimum(places, buckets - 1), minlength=buckets)


def without_the_largest(values, buckets):
    values = np.ravel(values)
    edges = np.linspace(values.min(), values.max(), buckets + 1)
    return np.array([np.sum((values >= a) & (values < b)) for a, b in pairwise(edges)])


def shares(values, buckets):
    return bucket_counts(values, buckets) / np.size(values)


def between_0_and_1(values, buckets):
    return np.histogram(values, buckets, (0.0, 1.0))[0]


def one_bucket_more(values, buckets):
    return bucket_counts(values, buckets + 1)


def as_many_in_each(values, buckets):
    parts = np.array_split(np.sort(np.ravel(values)), buckets)
    return np.array([len(part) for part in parts])


def values_and_buckets(rng):
    yield np.array([0.0, 1.0]), 2
    yield np.array([0.0, 1.0, 1.0, 4.0]), 2
    yield np.array([3.0, 3.0, 3.0]), 4
    yield np.array([-2.0, 0.0, 2.0]), 4
    for size, buckets in (((10,), 3), ((6, 4), 5), ((50,), 8), ((5, 5, 5), 30)):
        yield np.round(rng.normal(size=size) * 4) / 4, buckets


# 13.4: percentiles


def percentile(edges, counts, share):
    """The value with this share of all below it; edges has one number more than counts."""
    reached = np.concatenate([[0.0], np.cumsum(counts)]) / np.sum(counts)
    place = int(np.searchsorted(reached, share, side="left"))
    if place == 0:
        return edges[0]
    before, after = reached[place - 1], reached[place]
    part = (share - before) / (after - before)
    return edges[place - 1] + part * (edges[place] - edges[place - 1])


def by_interpolation(edges, counts, share):
    return np.interp(share * np.sum(counts), np.append(0, np.cumsum(counts)), edges)


def by_walking(edges, counts, share):
    left = share * sum(counts)
    for place, count in enumerate(counts):
        if left <= count:
            return edges[place] + left / count * (edges[place + 1] - edges[place])
        left -= count
    return edges[-1]


def left_edge(edges, counts, share):
    return edges[max(int(np.searchsorted(np.cumsum(counts), share * np.sum(counts))), 0)]


def right_edge(edges, counts, share):
    return edges[int(np.searchsorted(np.cumsum(counts), share * np.sum(counts))) + 1]


def middle(edges, counts, share):
    return (left_edge(edges, counts, share) + right_edge(edges, counts, share)) / 2


def share_of_the_range(edges, counts, share):
    return edges[0] + share * (edges[-1] - edges[0])


def from_above(edges, counts, share):
    return percentile(edges, counts, 1 - share)


def share_of_the_counts(edges, counts, share):
    return share * np.sum(counts)


def histograms_and_shares(rng):
    yield np.array([0.0, 1.0, 3.0]), np.array([2, 2]), 0.75
    yield np.array([0.0, 2.0]), np.array([5]), 0.5
    yield np.array([0.0, 1.0, 2.0, 3.0]), np.array([1, 2, 1]), 0.25
    for buckets in (2, 3, 5, 8, 12):
        edges = np.cumsum(np.round(rng.uniform(0.5, 2.0, buckets + 1), 1)) - 4.0
        yield edges, rng.integers(1, 9, buckets), float(rng.choice([0.07, 0.16, 0.31, 0.5, 0.84]))


# 13.12: fifty histograms


def fifty_histograms(folder):
    """Write the histogram of new weights (50, 30), uniform in [-1, 1), at each of 50 steps."""
    rng = np.random.default_rng(0)
    with mt.summary.create_file_writer(folder).as_default() as writer:
        for step in range(50):
            mt.summary.histogram("b_tensor_summary", rng.uniform(-1, 1, (50, 30)), step=step)
    writer.close()


def with_a_variable(folder):
    b = mt.Variable(mt.zeros((50, 30)))
    writer = mt.summary.create_file_writer(folder)
    for step in range(50):
        b.assign(mt.random.uniform((50, 30), -1.0, 1.0))
        with writer.as_default(step=step):
            mt.summary.histogram("b_tensor_summary", b)


def variation(draw, steps=range(50), name="b_tensor_summary", once=False):
    """The same with one thing changed."""

    def fifty_histograms(folder):
        b = draw()
        with mt.summary.create_file_writer(folder) as writer, writer.as_default():
            for number, step in enumerate(steps):
                b = b if once or not number else draw()
                mt.summary.histogram(name, b, step=step)

    return fifty_histograms


def uniform():
    return mt.random.uniform((50, 30), -1, 1)


def without_a_writer(folder):
    for step in range(50):
        mt.summary.histogram("b_tensor_summary", uniform(), step=step)


def on_paper(function, number):
    """Facts about what was written, which are the same for all right answers."""
    with tempfile.TemporaryDirectory() as folder:
        found = function(folder)
        if found is not None:
            return found
        log = mt.summary.read(folder)
        tags = log.tags().get(".", {})
        if not tags:
            return "nothing was written into the folder"
        if tags.get("b_tensor_summary") != "histograms":
            return {"names": sorted(tags), "kinds": sorted(tags.values())}
        series = log.histograms("b_tensor_summary")
        rows = np.stack(series.buckets)
        return {
            "steps": series.step,
            "numbers in each": rows[:, :, 2].sum(axis=1),
            "within [-1, 1]": bool((np.abs(rows[:, :, :2]) <= 1).all()),
            "reaches to both ends": bool(
                (rows[:, 0, 0] < -0.9).all() and (rows[:, -1, 1] > 0.9).all()
            ),
            "new weights at each step": len({r.tobytes() for r in rows}) == len(rows),
        }


EXERCISES = (
    Question(
        id="13.1",
        title="What has happened to the network at rate 2?",
        choices={
            "a": "its weights have shrunk to nothing",
            "b": "nearly all hidden units give 0, whatever the digit",
            "c": "its weights are NaN",
            "d": "it has learned the training digits by heart",
        },
        answer="efabdfcfe0bf107d",
        messages={
            "bd54b406f2e61e5e": "Then a look at the weights would tell. They have grown.",
            "80aa5e1efc79c339": "A NaN would be seen in the loss. It is 2.3, and finite.",
            "13f73d91e8d7aacf": "Then the loss would be near 0.",
        },
        right="A unit that gives 0 for every digit gets no gradient, so it never comes back. What "
        "is left are the ten offsets of the last layer.",
        hints=("What is the slope of a ReLU where it gives 0?",),
    ),
    Exercise(
        id="13.2",
        title="a step for each loss",
        reference=record_losses,
        starter=all_at_step_0,
        probes=some_losses,
        run=written,
        labels=("losses",),
        mutants=(
            Mutant(counted_from_one, "The first loss belongs to step 0."),
            Mutant(the_last_one_only, "Each loss is a point of the curve, not only the last."),
            Mutant(means_so_far, "Record the losses themselves; smoothing is up to the reader."),
            Mutant(
                a_name_for_each,
                "One name for one curve. The step, not the name, tells its points apart.",
            ),
            Mutant(
                no_default,
                "Nothing was written: outside of `with writer.as_default():` there is no writer.",
            ),
        ),
        hints=(
            "scalar takes the step as an argument. Which Python function counts along a list?",
            "with writer.as_default():\n    for ____, loss in ____(losses):\n"
            '        mt.summary.scalar("loss", loss, step=____)',
            "Accuracies, counted in hundreds:\nfor number, value in enumerate(accuracies):\n"
            '    mt.summary.scalar("accuracy", value, step=100 * number)',
        ),
        variants=(default_step, set_step),
    ),
    Exercise(
        id="13.3",
        title="counts in equal intervals",
        reference=bucket_counts,
        probes=values_and_buckets,
        labels=("values", "buckets"),
        mutants=(
            Mutant(
                without_the_largest,
                "The largest value lies on the last edge. It belongs to the last bucket.",
            ),
            Mutant(shares, "These are shares. Count."),
            Mutant(
                between_0_and_1,
                "The intervals go from the smallest to the largest value, not from 0 to 1.",
            ),
            Mutant(one_bucket_more, "This is one interval too many: n intervals have n + 1 edges."),
            Mutant(
                as_many_in_each,
                "Each bucket holds as many here. The intervals are to be equally wide.",
            ),
        ),
        hints=(
            "How many times does the width of one interval fit between the smallest value and "
            "this one?",
            "place = np.floor((values - ____) / (____ - ____) * ____).astype(int)\n"
            "then count the places, the last edge aside",
            "Dice: counts = np.zeros(6)\nfor eyes in throws:\n    counts[eyes - 1] += 1",
        ),
        variants=(by_comparing, by_searching),
    ),
    Exercise(
        id="13.4",
        title="a percentile of a histogram",
        reference=percentile,
        probes=histograms_and_shares,
        labels=("edges", "counts", "share"),
        mutants=(
            Mutant(left_edge, "This is where the bucket begins. Go on into it."),
            Mutant(right_edge, "This is where the bucket ends. The share is reached before."),
            Mutant(middle, "This is the middle of the bucket, wherever the share is reached."),
            Mutant(
                share_of_the_range,
                "This is a share of the way from the first to the last edge. The counts decide.",
            ),
            Mutant(from_above, "So much lies above it. The share is to lie below."),
            Mutant(
                share_of_the_counts,
                "This is how many values lie below. At which value have so many been passed?",
            ),
        ),
        hints=(
            "How many values are to lie below? In which bucket have so many been passed?",
            "wanted = share * ____\nfor left, right, count in zip(edges[:-1], edges[1:], counts):\n"
            "    if before + count >= wanted:\n        return left + ____ / count * ____\n"
            "    before += count",
            "On a walk of three parts of 2, 5 and 3 km, the middle is at 5 km: 2 km are the first "
            "part, so it lies 3/5 into the second.",
        ),
        variants=(by_interpolation, by_walking),
    ),
    Exercise(
        id="13.12",
        title="fifty histograms",
        reference=fifty_histograms,
        probes=lambda rng: ((i,) for i in range(2)),
        run=on_paper,
        labels=("try",),
        mutants=(
            Mutant(
                variation(uniform, once=True),
                "The weights are the same at each step: draw them inside of the loop.",
            ),
            Mutant(variation(uniform, steps=[0] * 50), "All fifty lie at step 0."),
            Mutant(variation(uniform, steps=range(1, 51)), "The first step is 0, the last 49."),
            Mutant(
                variation(lambda: mt.random.uniform((50, 30))),
                "uniform draws from 0 to 1 unless you give it the ends: -1 and 1.",
            ),
            Mutant(
                variation(lambda: mt.random.normal((50, 30))),
                "These are normal numbers; uniform ones were asked for.",
            ),
            Mutant(
                variation(lambda: mt.random.uniform((30,), -1, 1)),
                "The weights have shape (50, 30): 1500 numbers in each histogram.",
            ),
            Mutant(
                variation(uniform, name="b"),
                "Another name: the summary is called b_tensor_summary.",
            ),
            Mutant(
                without_a_writer,
                "Nothing was written into `folder`: it takes a writer of this folder, as default.",
            ),
        ),
        hints=(
            "What has to stand inside of the loop, and what before it?",
            "with mt.summary.create_file_writer(folder) as writer, writer.____():\n"
            "    for step in range(____):\n        b = mt.random.uniform(____, -1, 1)\n"
            "        mt.summary.histogram(____, b, step=____)",
            'A scalar at each of ten steps:\nwith mt.summary.create_file_writer("logs") as writer, '
            "writer.as_default():\n    for step in range(10):\n"
            '        mt.summary.scalar("dice", rng.integers(1, 7), step=step)',
        ),
        variants=(with_a_variable, variation(uniform)),
    ),
)
