"""Models and weights in files, and classes and functions that files may name.

Files are data, never code: JSON, safetensors, and through h5py Keras's HDF5. Read `layout` for
where a weight stands in a file, then `models`.
"""

from minitensor.errors import public_names
from minitensor.keras.configuration import custom_object_scope as CustomObjectScope  # noqa: N812
from minitensor.keras.configuration import custom_object_scope as custom_object_scope
from minitensor.keras.configuration import deserialize as deserialize_keras_object
from minitensor.keras.configuration import get_custom_objects as get_custom_objects
from minitensor.keras.configuration import get_registered_name as get_registered_name
from minitensor.keras.configuration import get_registered_object as get_registered_object
from minitensor.keras.configuration import (
    register_keras_serializable as register_keras_serializable,
)
from minitensor.keras.configuration import serialize as serialize_keras_object
from minitensor.keras.saving.cloning import clone_model as clone_model
from minitensor.keras.saving.models import load_model as load_model
from minitensor.keras.saving.models import model_from_json as model_from_json
from minitensor.keras.saving.models import save_model as save_model
from minitensor.keras.saving.weights import load_weights as load_weights
from minitensor.keras.saving.weights import save_weights as save_weights

__all__ = ["CustomObjectScope", "clone_model", "custom_object_scope", "deserialize_keras_object",
           "get_custom_objects", "get_registered_name", "get_registered_object", "load_model",
           "load_weights", "model_from_json", "register_keras_serializable", "save_model",
           "save_weights", "serialize_keras_object"]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)
