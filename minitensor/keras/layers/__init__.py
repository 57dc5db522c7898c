"""Layers: what models are made of, with Keras's names."""

from minitensor.keras.input_spec import InputSpec as InputSpec
from minitensor.keras.layer import Layer as Layer
from minitensor.keras.layers.activation import ELU as ELU
from minitensor.keras.layers.activation import Activation as Activation
from minitensor.keras.layers.activation import LeakyReLU as LeakyReLU
from minitensor.keras.layers.activation import PReLU as PReLU
from minitensor.keras.layers.activation import ReLU as ReLU
from minitensor.keras.layers.activation import Softmax as Softmax
from minitensor.keras.layers.dense import Dense as Dense
from minitensor.keras.layers.input_layer import Input as Input
from minitensor.keras.layers.input_layer import InputLayer as InputLayer
from minitensor.keras.layers.noise import Dropout as Dropout
from minitensor.keras.layers.noise import GaussianDropout as GaussianDropout
from minitensor.keras.layers.noise import GaussianNoise as GaussianNoise
from minitensor.keras.layers.noise import SpatialDropout1D as SpatialDropout1D
from minitensor.keras.layers.noise import SpatialDropout2D as SpatialDropout2D
from minitensor.keras.layers.shaping import Flatten as Flatten
from minitensor.keras.layers.shaping import Permute as Permute
from minitensor.keras.layers.shaping import RepeatVector as RepeatVector
from minitensor.keras.layers.shaping import Reshape as Reshape

__all__ = [
    "ELU",
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "LeakyReLU",
    "PReLU",
    "Permute",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
]
