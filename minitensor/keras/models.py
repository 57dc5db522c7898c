"""Models under the names that Keras has for them: `keras.models.Sequential`, `load_model`."""

from minitensor.errors import public_names
from minitensor.keras.model import Functional as Functional
from minitensor.keras.model import Model as Model
from minitensor.keras.saving import clone_model as clone_model
from minitensor.keras.saving import load_model as load_model
from minitensor.keras.saving import model_from_json as model_from_json
from minitensor.keras.saving import save_model as save_model
from minitensor.keras.sequential import Sequential as Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json",
           "save_model"]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)
