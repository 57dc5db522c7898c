"""Photographs that ship in packages, whole or cut into square patches.

scikit-image brings an astronaut, a cat and a cup of coffee; without it there are a Chinese palace
and a flower of scikit-learn. Nothing is fetched: the files are read where the packages lie.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np

from minitensor.backend import optional
from minitensor.errors import InvalidArgumentError, UnavailableError, message, suggest
from minitensor.keras.datasets.arguments import generator, whole_number
from minitensor.keras.datasets.splitting import SEED, TEST_SPLIT, Split, split

# Where a package keeps its pictures, and which of them are photographs in colour.
PICTURES = {
    "skimage": ("data", {"astronaut": "png", "chelsea": "png", "coffee": "png"}),
    "sklearn": ("datasets/images", {"china": "jpg", "flower": "jpg"}),
}


def load_images(package: str | None = None) -> dict[str, np.ndarray]:
    """The photographs by name, each (height, width, 3), float32 from 0 to 1, in fixed order.

    Args:
        package: "skimage" or "sklearn"; None takes the first of them that is installed.

    Raises:
        UnavailableError: when none of these packages is installed, or Pillow is not.
        InvalidArgumentError: when `package` is another one.

    Example:
        >>> images = mt.keras.datasets.sample_images.load_images("sklearn")
        >>> {name: image.shape for name, image in images.items()}
        {'china': (427, 640, 3), 'flower': (427, 640, 3)}
    """
    subject = "keras.datasets.sample_images"
    if package is not None and package not in PICTURES:
        raise InvalidArgumentError(
            message(subject, f"package={package!r}", "no pictures are known there",
                    "pictures come from 'skimage' or 'sklearn'", suggest(package, PICTURES))
        )  # fmt: skip
    pillow = optional("PIL.Image", "lab", subject)
    for candidate in PICTURES if package is None else (package,):
        files = _files(candidate)
        if files:
            return {name: _read(pillow, path) for name, path in files.items()}
    raise UnavailableError(
        message(subject, "", f"{package or 'neither skimage nor sklearn'} was found with pictures",
                "pictures are read from an installed package, never fetched",
                'pip install "minitensor[lab]" for scikit-learn, or pip install scikit-image')
    )  # fmt: skip


def load_data(
    size: int = 32,
    test_split: float = TEST_SPLIT,
    seed: int = SEED,
    package: str | None = None,
) -> Split:
    """Square patches (n, size, size, 3), float32 from 0 to 1; labels (n,), int64: which photograph.

    The patches lie side by side, so no pixel is in both parts. The labels follow the order of
    `load_images`; each photograph gives the same share.

    Args:
        size: Height and width of a patch.
        test_split: The share of patches in the test part.
        seed: Another seed gives another split.
        package: As in `load_images`.

    Raises:
        UnavailableError: when no package with photographs is installed.
        InvalidArgumentError: when an argument is out of its range.

    Example:
        >>> data = mt.keras.datasets.sample_images.load_data(64, package="sklearn")
        >>> (x_train, y_train), (x_test, y_test) = data
        >>> x_train.shape, np.bincount(y_test).tolist()
        ((96, 64, 64, 3), [12, 12])
    """
    subject = "keras.datasets.sample_images.load_data"
    size = whole_number(subject, "size", size)
    rng = generator(subject, seed)
    images = load_images(package)
    smallest = min(min(image.shape[:2]) for image in images.values())
    if size > smallest:
        raise InvalidArgumentError(
            message(subject, f"size={size}", f"a photograph has only {smallest} pixels a side",
                    "a patch lies within each photograph", f"write size={smallest} or less")
        )  # fmt: skip
    patches = [_patches(image, size) for image in images.values()]
    y = np.repeat(np.arange(len(patches)), [len(some) for some in patches])
    return split(subject, np.concatenate(patches), y, test_split, rng, stratify=True)


def _files(package: str) -> dict[str, Path]:
    """The picture files of a package that are there; none when it is not installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder, pictures = PICTURES[package]
    home = Path(spec.submodule_search_locations[0], folder)
    paths = {name: home / f"{name}.{ending}" for name, ending in pictures.items()}
    return {name: path for name, path in paths.items() if path.is_file()}


def _read(pillow: ModuleType, path: Path) -> np.ndarray:
    with pillow.open(path) as picture:
        return np.asarray(picture.convert("RGB"), np.float32) / 255.0


def _patches(image: np.ndarray, size: int) -> np.ndarray:
    """Squares side by side, row by row; what is left at the right and lower edge is dropped."""
    rows, columns = image.shape[0] // size, image.shape[1] // size
    kept = image[: rows * size, : columns * size]
    grid = kept.reshape(rows, size, columns, size, 3).transpose(0, 2, 1, 3, 4)
    return grid.reshape(-1, size, size, 3)
