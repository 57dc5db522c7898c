"""Layers, models, losses, metrics and optimisers, with Keras's names.

`layers` make a model, `compile` says how it learns, `fit` trains it. Read `layer` for what a layer
is, `symbolic` and `functional` for how models are drawn up, `training.trainer` for the loop.
"""

import sys

from minitensor.errors import public_names
from minitensor.keras import activations as activations
from minitensor.keras import backend as backend
from minitensor.keras import callbacks as callbacks
from minitensor.keras import constraints as constraints
from minitensor.keras import datasets as datasets
from minitensor.keras import initializers as initializers
from minitensor.keras import layers as layers
from minitensor.keras import losses as losses
from minitensor.keras import metrics as metrics
from minitensor.keras import models as models
from minitensor.keras import optimizers as optimizers
from minitensor.keras import preparation as utils
from minitensor.keras import preprocessing as preprocessing
from minitensor.keras import regularizers as regularizers
from minitensor.keras import saving as saving
from minitensor.keras.initializers import Initializer as Initializer
from minitensor.keras.layer import InputSpec as InputSpec
from minitensor.keras.layer import Layer as Layer
from minitensor.keras.layers.input_layer import Input as Input
from minitensor.keras.losses import Loss as Loss
from minitensor.keras.metrics import Metric as Metric
from minitensor.keras.model import Functional as Functional
from minitensor.keras.model import Model as Model
from minitensor.keras.optimizers import Optimizer as Optimizer
from minitensor.keras.regularizers import Regularizer as Regularizer
from minitensor.keras.sequential import Sequential as Sequential
from minitensor.keras.symbolic import KerasTensor as KerasTensor

__all__ = [
    "Functional", "Initializer", "Input", "InputSpec", "KerasTensor", "Layer", "Loss", "Metric",
    "Model", "Optimizer", "Regularizer", "Sequential", "activations", "backend", "callbacks",
    "constraints", "datasets", "initializers", "layers", "losses", "metrics", "models",
    "optimizers", "preprocessing", "regularizers", "saving", "utils",
]  # fmt: skip

__getattr__, __dir__ = public_names(__name__, __all__)

# `from minitensor.keras.utils import to_categorical` finds the module under Keras's name for it,
# which says less about what is in it than that of its file.
sys.modules[f"{__name__}.utils"] = utils
