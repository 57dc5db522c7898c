"""Some five hundred names of places: those of the world's time zones, as this machine knows them.

`America/Argentina/Buenos_Aires` gives Buenos Aires. The names come from the system or from the
package tzdata, whichever Python's `zoneinfo` finds; newer databases have a few more.
"""

from __future__ import annotations

import zoneinfo

from minitensor.errors import UnavailableError, message
from minitensor.keras.datasets.arguments import generator
from minitensor.keras.datasets.characters import BORDER, next_characters, vocabulary
from minitensor.keras.datasets.splitting import SEED, Split, split

NO_PLACES = ("Etc", "SystemV")


def load_names() -> list[str]:
    """The places, sorted, each once, with blanks for underscores.

    Raises:
        UnavailableError: when neither the system nor the package tzdata has time zones.

    Example:
        >>> names = mt.keras.datasets.time_zones.load_names()
        >>> "Buenos Aires" in names, names == sorted(set(names))
        (True, True)
    """
    zones = [zone.split("/") for zone in zoneinfo.available_timezones()]
    found = {parts[-1] for parts in zones if len(parts) > 1 and parts[0] not in NO_PLACES}
    if not found:
        raise UnavailableError(
            message("keras.datasets.time_zones", "", "this machine has no list of time zones",
                    "Python reads them from the system, or from the package tzdata",
                    "pip install tzdata")
        )  # fmt: skip
    return sorted(name.replace("_", " ") for name in found)


def load_vocabulary() -> list[str]:
    r"""What the numbers of `load_data` stand for: padding, the border `"\n"`, then characters."""
    return vocabulary(BORDER.join(load_names()))


def load_data(test_split: float = 0.1, seed: int = SEED) -> Split:
    r"""Names (n, longest + 1), int64, after a border; `y` holds for each place the next character.

    A border, the line break `"\n"`, stands before a name in `x` and behind it in `y`. Short names
    are padded with 0. See `load_vocabulary` for what the numbers mean.

    Args:
        test_split: The share of names in the test part.
        seed: Another seed gives another split.

    Raises:
        UnavailableError: when neither the system nor the package tzdata has time zones.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> (x_train, y_train), _ = mt.keras.datasets.time_zones.load_data()
        >>> x_train.shape == y_train.shape, x_train.dtype
        (True, dtype('int64'))
    """
    subject = "keras.datasets.time_zones.load_data"
    rng = generator(subject, seed)
    names = load_names()
    x, y = next_characters(names, vocabulary(BORDER.join(names)))
    return split(subject, x, y, test_split, rng)
