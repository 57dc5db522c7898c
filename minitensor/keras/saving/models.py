"""`save_model` and `load_model`: a model in one file, with its weights and its optimiser."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from datetime import datetime
from math import prod
from typing import Any

from minitensor.errors import (
    ArgumentError,
    DataLossError,
    InvalidArgumentError,
    OpError,
    message,
    shorten,
)
from minitensor.keras.allowance import allowed
from minitensor.keras.configuration import custom_object_scope, deserialize, serialize
from minitensor.keras.model import Model
from minitensor.keras.saving.archive import packed, unpacked_config, unpacked_weights
from minitensor.keras.saving.filling import fill
from minitensor.keras.saving.layout import places
from minitensor.keras.saving.stored import by_place
from minitensor.keras.saving.weights import as_path, as_safetensors, check_model, put, read_bytes
from minitensor.saved_model.pair import parsed
from minitensor.saved_model.values import Broken

__all__ = ["load_model", "model_from_json", "save_model"]

SMALL = 1 << 24
"""Elements of a weight that is made in any case when a model is read."""


def save_model(model: Any, filepath: str | os.PathLike, overwrite: bool = True,
               include_optimizer: bool = True, **kwargs: Any) -> None:  # fmt: skip
    """Write a model into a file: what it is made of, its weights, and how far its training is.

    The file is a zip of JSON and safetensors. It holds no code: a class of your own is needed to
    load its models. Keras does not read the file, but the weights that `save_weights` writes.

    Args:
        model: the model.
        filepath: a name that ends in `.keras`.
        overwrite: whether a file of that name may be replaced.
        include_optimizer: whether the state of the optimiser is written.
        **kwargs: `zipped=True` and `save_format="keras"`, which mean nothing here, and have no
            effect.

    Raises:
        InvalidArgumentError: (also a ValueError) for what is no model, for another ending, for a
            file that may not be replaced, and for functions without a registered name.

    Example:
        >>> import minitensor as mt, tempfile
        >>> model = mt.keras.Sequential([mt.keras.Input((3,)), mt.keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.keras")
        ...     again = mt.keras.models.load_model(f"{folder}/model.keras")
        >>> x = mt.ones((1, 3))
        >>> bool(mt.reduce_all(again(x) == model(x)))
        True
    """
    _check_options(kwargs)
    path = as_path(filepath, "save_model")
    if path.suffix != ".keras":
        raise InvalidArgumentError(
            message("save_model", "", "Invalid filepath extension for saving. Please add a "
                    f"`.keras` extension for the native Keras format. Received: filepath={path}",
                    "the ending says the format",
                    f"model.save({str(path.with_suffix('.keras'))!r})")
        )  # fmt: skip
    check_model("save_model", model)
    if not model.built:
        warnings.warn("You are saving a model that has not yet been built. It might not contain "
                      "any weights yet. Consider building the model first by calling it on some "
                      "data.", stacklevel=3)  # fmt: skip
    config = serialize(model)
    compiling = model.get_compile_config() if include_optimizer else None
    config["compile_config"] = compiling or {}
    metadata = {"written_by": "minitensor", "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}"}
    weights = as_safetensors(places(model, optimizer=include_optimizer))
    put(path, packed(config, metadata, weights), overwrite)


def load_model(filepath: str | os.PathLike, custom_objects: Mapping[str, Any] | None = None,
               compile: bool = True, safe_mode: bool = True) -> Any:  # fmt: skip
    """Read a model that `save_model` wrote, or Keras 3 if all its layers exist here.

    Args:
        filepath: a `.keras` file.
        custom_objects: your own classes and functions by their names, where these are not
            registered.
        compile: whether the model is compiled as it was, with the state of its optimiser.
        safe_mode: Keras's; no effect: code is never read from a file.

    Raises:
        MissingModelError: (also a FileNotFoundError and a ValueError) when there is no file.
        DataLossError: (also a ValueError) when it is damaged.
        InvalidArgumentError: (also a ValueError) for classes that are not known, and for layers
            that hold code.
    """
    path = as_path(filepath, "load_model")
    if path.suffix != ".keras":
        raise InvalidArgumentError(
            message("load_model", "", f"File format not supported: filepath={path}",
                    "a model is read from a `.keras` file",
                    "for files of weights: make the model, and model.load_weights(path)")
        )  # fmt: skip
    data = read_bytes(path, "load_model")
    try:
        config = unpacked_config(data)
        stored = by_place(unpacked_weights(data).items())
        elements = sum(prod(array.shape) for place in stored.values() for array in place)
        with allowed.at_most(max(SMALL, elements)):
            model = _made(config, custom_objects)
        if compile and config.get("compile_config"):
            with custom_object_scope(custom_objects or {}):
                model.compile_from_config(config["compile_config"])
        fill(model, stored)
        return model
    except OpError:
        raise
    except Broken as error:
        fault: str = str(error)
    except Exception as error:  # a class's own from_config may raise anything
        fault = f"{type(error).__name__}: {shorten(str(error), 300)}"
    raise DataLossError(
        message("load_model", repr(str(path)), fault, "a model is read as a whole or not at all; "
                "its configuration says which classes are made, with which arguments",
                "save it again; in a class of your own, get_config returns what __init__ takes")
    )  # fmt: skip


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A model with new weights, from what `model.to_json()` gave.

    Args:
        json_string: the text.
        custom_objects: your own classes and functions by their names.

    Raises:
        InvalidArgumentError: (also a ValueError) for text that is no configuration of a model.

    Example:
        >>> import minitensor as mt
        >>> model = mt.keras.Sequential([mt.keras.Input((3,)), mt.keras.layers.Dense(2)])
        >>> [w.shape for w in mt.keras.models.model_from_json(model.to_json()).weights]
        [TensorShape([3, 2]), TensorShape([2])]
    """
    try:
        config = parsed(json_string)
        if not isinstance(config, dict):
            raise Broken("it is no object")
        return _made(config, custom_objects)
    except OpError:
        raise
    except Exception as error:  # a class's own from_config may raise anything
        raise InvalidArgumentError(
            message("model_from_json", shorten(json_string), f"{type(error).__name__}: {error}",
                    "it reads what model.to_json() gives", "json = model.to_json()")
        ) from None  # fmt: skip


def _check_options(given: dict[str, Any]) -> None:
    unknown = sorted(set(given) - {"zipped", "save_format"})
    if unknown:
        raise ArgumentError(
            message("save_model", "", f"The following argument(s) are not supported: {unknown}",
                    "a model is saved in one format", "leave them out")
        )  # fmt: skip


def _made(config: dict[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    """The model of a configuration, built if it was built."""
    _refuse_code(config)
    model = deserialize(config, custom_objects)
    if not isinstance(model, Model):
        raise Broken(f"{config.get('class_name')!r} is no model")
    built_for = config.get("build_config") or {}
    shapes = built_for.get("input_shapes") or [built_for.get("input_shape")]
    if shapes[0] and not model.weights:
        model.compute_output_shape(*(_shape(shape) for shape in shapes))
    return model


def _shape(given: Any) -> Any:
    """A shape as JSON holds it, or a list or dict of them; the batch may have any size."""
    if isinstance(given, dict):
        return {name: _shape(inner) for name, inner in given.items()}
    if given and isinstance(given[0], (list, tuple)):
        return [_shape(inner) for inner in given]
    return (None, *given[1:])


def _refuse_code(config: Any) -> None:
    """Look for Python code, which Keras can put into a file as bytes.

    Raises:
        InvalidArgumentError: (also a ValueError) when there is some.
    """
    left = [config]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            if value.get("class_name") == "__lambda__":
                raise InvalidArgumentError(
                    message("load_model", "", "Requested the deserialization of a `Lambda` layer "
                            "whose `function` is a Python lambda. This carries a potential risk of "
                            "arbitrary code execution and thus it is disallowed",
                            "files hold data; code is never read from them",
                            "write the layer as a class, or register the function: "
                            "@keras.saving.register_keras_serializable()")
                )  # fmt: skip
            left += value.values()
