"""Event files as TensorFlow 2, TensorFlow 1 and PyTorch write them, a few kilobytes each.

With TensorFlow, PyTorch and TensorBoard installed, it writes them below events/:

    python tests/recorded/events.py
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np

STEPS = 4
NUMBERS = [0.5, float("nan"), -1e-3, 3e38]
LONG_STEPS = [0, 200, 1 << 40, -7]
NAME = "events.out.tfevents.1700000000.recorded"
HERE = Path(__file__).parent / "events"


def weights(step: int) -> np.ndarray:
    """What the histograms count."""
    return np.linspace(-1, 1 + step, 50 + step, dtype=np.float32)


def pixels(step: int) -> np.ndarray:
    """Two pictures of 3 x 2 pixels."""
    return (np.arange(2 * 3 * 2 * 3).reshape(2, 3, 2, 3) + step).astype(np.uint8)


def tone() -> np.ndarray:
    """A sound of 20 samples."""
    return np.sin(np.arange(20, dtype=np.float32)).reshape(1, 20, 1)


def tensorflow_2(folder: Path) -> None:
    """What `tf.summary` writes."""
    import tensorflow as tf

    @tf.function
    def double(x: tf.Tensor) -> tf.Tensor:
        return 2 * x

    with tf.summary.create_file_writer(str(folder)).as_default():
        for step, (at, number) in enumerate(zip(LONG_STEPS, NUMBERS, strict=True)):
            tf.summary.scalar("loss", number, step=at, description="how *bad*")
            tf.summary.histogram("weights", weights(step), step=at)
            tf.summary.image("pictures", pixels(step), step=at)
            tf.summary.text("words", [["a", "b"], ["ä", str(step)]], step=at)
        tf.summary.audio("tone", tone(), 8000, step=0)
        tf.summary.write("raw", tf.constant([1, 2, 3]), step=1)
        tf.summary.trace_on(graph=True)
        double(tf.constant(1.0))
        tf.summary.trace_export("double", step=0)


def tensorflow_1(folder: Path) -> None:
    """What `tf.compat.v1.summary` writes: several values in one event."""
    import tensorflow.compat.v1 as tf

    with tf.Graph().as_default(), tf.Session() as session:
        number, values = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [None])
        images, sound = tf.placeholder(tf.uint8, [2, 3, 2, 3]), tf.constant(tone())
        tf.summary.scalar("loss", number)
        tf.summary.histogram("weights", values)
        tf.summary.image("pictures", images)
        tf.summary.audio("tone", sound, 8000)
        tf.summary.text("words", tf.constant("hello"))
        merged = tf.summary.merge_all()
        writer = tf.summary.FileWriter(str(folder), session.graph)
        for step in range(STEPS):
            feeds = {number: step / 2, values: weights(step), images: pixels(step)}
            writer.add_summary(session.run(merged, feeds), step)
        writer.close()


def pytorch(folder: Path) -> None:
    """What `torch.utils.tensorboard` writes."""
    import torch
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for step, number in enumerate(NUMBERS):
            writer.add_scalar("loss", number, step)
            writer.add_scalar("new", number, step, new_style=True)
            writer.add_image("picture", pixels(step)[0], step, dataformats="HWC")
        writer.add_histogram("weights", weights(0), 0)
        writer.add_text("words", "hello", 2)
        writer.add_audio("tone", torch.tensor(tone()[0, :, 0]), 0, 8000)
        labels, scores = np.array([1, 0, 1, 1]), np.array([0.9, 0.4, 0.6, 0.2])
        writer.add_pr_curve("pr", labels, scores, 0, num_thresholds=5)
        points = torch.arange(12.0).reshape(4, 3)
        writer.add_embedding(points, metadata=list("abcd"), tag="points")
        writer.add_hparams({"lr": 0.1, "optimizer": "sgd", "deep": True}, {"accuracy": 0.9},
                           run_name="trial")  # fmt: skip


def record() -> None:
    """Write the files anew, under names that do not tell where."""
    shutil.rmtree(HERE, ignore_errors=True)
    for write in (tensorflow_2, tensorflow_1, pytorch):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder))
            for path in sorted(x for x in Path(folder).rglob("*") if x.is_file()):
                place = HERE / write.__name__ / path.relative_to(folder).parent
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, place / (NAME if "tfevents" in path.name else path.name))


if __name__ == "__main__":
    record()
