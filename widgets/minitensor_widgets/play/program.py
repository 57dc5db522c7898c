"""The Python program of a playground: what its settings do, complete and ready to run."""

from __future__ import annotations

import inspect
import textwrap

from . import data as sets
from .network import rounded
from .settings import GIVEN, OWN, Settings
from .training import Training

OPTIMIZERS = {
    "adam": "Adam({})", "sgd": "SGD({})", "momentum": "SGD({}, momentum=0.9)",
    "rmsprop": "RMSprop({})",
}  # fmt: skip


def _points(training: Training) -> str:
    settings = training.settings
    if settings.data == GIVEN:
        return (
            "# x and y are your arrays.\n"
            f"order = np.random.default_rng({settings.seed}).permutation(len(x))\n"
            f"x, y = x[order], y[order]\ntrain = len(x) * {settings.train} // 100\n"
        )
    if settings.data == OWN:
        rows = rounded(training.placed)
        listed = "".join(f"    {row},\n" for row in rows)
        return (
            f'points = np.array([  # x, y, class\n{listed}], "float32")\n'
            "x, y = points[:, :2], points[:, 2:]\ntrain = len(x)\n"
        )
    maker = inspect.getsource(sets.MAKERS[settings.data])
    return (
        f"{maker}\n\nrng = np.random.default_rng({settings.seed})\n"
        f"x, label = {settings.data}(rng, {settings.points}, {settings.noise:g})\n"
        "order = rng.permutation(len(x))\n"
        'x, y = x[order].astype("float32"), label[order, None].astype("float32")\n'
        f"train = len(x) * {settings.train} // 100\n"
    )


def _model(settings: Settings) -> str:
    widths = [*settings.hidden, 1]
    lines = []
    for i, width in enumerate(widths):
        last = i == len(widths) - 1
        activation = "" if last else f'"{settings.activation}", '
        start = f"keras.initializers.GlorotUniform(seed={settings.seed + i})"
        lines.append(f"    keras.layers.Dense({width}, {activation}kernel_initializer={start}),\n")
    return f"model = keras.Sequential([\n    keras.Input((2,)),\n{''.join(lines)}])\n"


def _step(training: Training) -> str:
    settings = training.settings
    extra = ""
    for name, term in (("l1", "mt.abs(w)"), ("l2", "w * w")):
        if getattr(settings, name):
            extra += (
                f"        loss += {getattr(settings, name):g} * "
                f"sum(mt.reduce_sum({term}) for w in kernels)\n"
            )
    kernels = "kernels = [w for w in variables if len(w.shape) > 1]\n" if extra else ""
    optimizer = (
        f"optimizer = keras.optimizers."
        f"{OPTIMIZERS[settings.optimizer].format(f'{settings.learning_rate:g}')}\n"
    )
    if "optimizer" not in training.acts:
        optimizer = "# optimizer is yours.\n"
    variables = "model.trainable_variables"
    logits = "" if training.probability else "from_logits=True"
    loss = f"loss_of = keras.losses.BinaryCrossentropy({logits})\n"
    if training.gives_loss:
        loss = "# loss_of is your loss.\n"
    return (
        f"{optimizer}{loss}variables = {variables}\n{kernels}\n\n"
        "@mt.function\ndef step(x, y):\n    with mt.GradientTape() as tape:\n"
        f"        loss = loss_of(y, model(x))\n{extra}"
        "    gradients = tape.gradient(loss, variables)\n"
        "    optimizer.apply_gradients(zip(gradients, variables))\n    return loss\n"
    )


def _learners_step(training: Training) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(training.learners_step))
    except (OSError, TypeError):
        text = ""
    if not text.lstrip().startswith(("def ", "@", "async ")):
        return "# step is your function.\n"
    return f"# Your step:\n{text}"


def program(training: Training, steps: int | None = None) -> str:
    """A program that learns the same from the beginning; what is the learner's is not repeated.

    Args:
        training: whose settings are written down.
        steps: how many steps it makes; None for as many as were made.
    """
    settings = training.settings
    count = max(1, training.steps if steps is None else steps)
    mine = "# model is yours.\n" if training.gives_model else _model(settings)
    step = _learners_step(training) if training.gives_step else _step(training)
    return "\n".join([
        "import numpy as np\n\nimport minitensor as mt\nfrom minitensor import keras\n",
        _points(training) + "\n" + mine + step,
        f"batches = np.random.default_rng({settings.seed + 1})\ndone = 0",
        f"while done < {count}:",
        "    order = batches.permutation(train)",
        f"    for start in range(0, train, {settings.batch}):",
        f"        rows = order[start : start + {settings.batch}]",
        "        loss = step(mt.constant(x[rows]), mt.constant(y[rows]))",
        "        done += 1",
        f"        if done == {count}:",
        "            break",
        *_ending(training),
    ])  # fmt: skip


def _ending(training: Training) -> list[str]:
    if training.gives_model or training.gives_step or training.gives_loss:
        return ["print(loss)", ""]
    loss = "float(loss_of(y[part], model(mt.constant(x[part]))))"
    if training.settings.data == OWN:
        return [loss.join(['part = slice(None)\nprint("training loss", ', ")"]), ""]
    return [
        'for name, part in (("training", slice(0, train)), ("test", slice(train, None))):',
        f"    loss = {loss}",
        '    print(name, "loss", round(loss, 4))',
        "",
    ]
