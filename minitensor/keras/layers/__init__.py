"""Layers: what models are made of, with Keras's names."""

from minitensor.errors import public_names
from minitensor.keras.configuration import deserialize as deserialize
from minitensor.keras.configuration import serialize as serialize
from minitensor.keras.input_spec import InputSpec as InputSpec
from minitensor.keras.layer import Layer as Layer
from minitensor.keras.layers.activation import ELU as ELU
from minitensor.keras.layers.activation import Activation as Activation
from minitensor.keras.layers.activation import LeakyReLU as LeakyReLU
from minitensor.keras.layers.activation import PReLU as PReLU
from minitensor.keras.layers.activation import ReLU as ReLU
from minitensor.keras.layers.activation import Softmax as Softmax
from minitensor.keras.layers.attention import AdditiveAttention as AdditiveAttention
from minitensor.keras.layers.attention import Attention as Attention
from minitensor.keras.layers.batch_normalization import BatchNormalization as BatchNormalization
from minitensor.keras.layers.bidirectional import Bidirectional as Bidirectional
from minitensor.keras.layers.convolution import Conv1D as Conv1D
from minitensor.keras.layers.convolution import Conv1D as Convolution1D
from minitensor.keras.layers.convolution import Conv2D as Conv2D
from minitensor.keras.layers.convolution import Conv2D as Convolution2D
from minitensor.keras.layers.dense import Dense as Dense
from minitensor.keras.layers.depthwise import DepthwiseConv1D as DepthwiseConv1D
from minitensor.keras.layers.depthwise import DepthwiseConv2D as DepthwiseConv2D
from minitensor.keras.layers.depthwise import SeparableConv1D as SeparableConv1D
from minitensor.keras.layers.depthwise import SeparableConv1D as SeparableConvolution1D
from minitensor.keras.layers.depthwise import SeparableConv2D as SeparableConv2D
from minitensor.keras.layers.depthwise import SeparableConv2D as SeparableConvolution2D
from minitensor.keras.layers.embedding import Embedding as Embedding
from minitensor.keras.layers.encoding import CategoryEncoding as CategoryEncoding
from minitensor.keras.layers.encoding import Discretization as Discretization
from minitensor.keras.layers.features import Normalization as Normalization
from minitensor.keras.layers.features import Rescaling as Rescaling
from minitensor.keras.layers.gru import GRU as GRU
from minitensor.keras.layers.gru import GRUCell as GRUCell
from minitensor.keras.layers.image_colors import RandomBrightness as RandomBrightness
from minitensor.keras.layers.image_colors import RandomContrast as RandomContrast
from minitensor.keras.layers.image_moving import RandomFlip as RandomFlip
from minitensor.keras.layers.image_moving import RandomRotation as RandomRotation
from minitensor.keras.layers.image_moving import RandomTranslation as RandomTranslation
from minitensor.keras.layers.image_moving import RandomZoom as RandomZoom
from minitensor.keras.layers.image_resizing import CenterCrop as CenterCrop
from minitensor.keras.layers.image_resizing import RandomCrop as RandomCrop
from minitensor.keras.layers.image_resizing import Resizing as Resizing
from minitensor.keras.layers.input_layer import Input as Input
from minitensor.keras.layers.input_layer import InputLayer as InputLayer
from minitensor.keras.layers.lstm import LSTM as LSTM
from minitensor.keras.layers.lstm import LSTMCell as LSTMCell
from minitensor.keras.layers.merging import Add as Add
from minitensor.keras.layers.merging import Average as Average
from minitensor.keras.layers.merging import Concatenate as Concatenate
from minitensor.keras.layers.merging import Dot as Dot
from minitensor.keras.layers.merging import Maximum as Maximum
from minitensor.keras.layers.merging import Minimum as Minimum
from minitensor.keras.layers.merging import Multiply as Multiply
from minitensor.keras.layers.merging import Subtract as Subtract
from minitensor.keras.layers.merging import add as add
from minitensor.keras.layers.merging import average as average
from minitensor.keras.layers.merging import concatenate as concatenate
from minitensor.keras.layers.merging import dot as dot
from minitensor.keras.layers.merging import maximum as maximum
from minitensor.keras.layers.merging import minimum as minimum
from minitensor.keras.layers.merging import multiply as multiply
from minitensor.keras.layers.merging import subtract as subtract
from minitensor.keras.layers.multi_head_attention import MultiHeadAttention as MultiHeadAttention
from minitensor.keras.layers.noise import AlphaDropout as AlphaDropout
from minitensor.keras.layers.noise import Dropout as Dropout
from minitensor.keras.layers.noise import GaussianDropout as GaussianDropout
from minitensor.keras.layers.noise import GaussianNoise as GaussianNoise
from minitensor.keras.layers.noise import SpatialDropout1D as SpatialDropout1D
from minitensor.keras.layers.noise import SpatialDropout2D as SpatialDropout2D
from minitensor.keras.layers.normalization import GroupNormalization as GroupNormalization
from minitensor.keras.layers.normalization import LayerNormalization as LayerNormalization
from minitensor.keras.layers.normalization import RMSNormalization as RMSNormalization
from minitensor.keras.layers.normalization import UnitNormalization as UnitNormalization
from minitensor.keras.layers.padding import Cropping1D as Cropping1D
from minitensor.keras.layers.padding import Cropping2D as Cropping2D
from minitensor.keras.layers.padding import UpSampling1D as UpSampling1D
from minitensor.keras.layers.padding import UpSampling2D as UpSampling2D
from minitensor.keras.layers.padding import ZeroPadding1D as ZeroPadding1D
from minitensor.keras.layers.padding import ZeroPadding2D as ZeroPadding2D
from minitensor.keras.layers.passing import ActivityRegularization as ActivityRegularization
from minitensor.keras.layers.passing import Identity as Identity
from minitensor.keras.layers.passing import Lambda as Lambda
from minitensor.keras.layers.passing import Masking as Masking
from minitensor.keras.layers.pooling import AveragePooling1D as AveragePooling1D
from minitensor.keras.layers.pooling import AveragePooling1D as AvgPool1D
from minitensor.keras.layers.pooling import AveragePooling2D as AveragePooling2D
from minitensor.keras.layers.pooling import AveragePooling2D as AvgPool2D
from minitensor.keras.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from minitensor.keras.layers.pooling import GlobalAveragePooling1D as GlobalAvgPool1D
from minitensor.keras.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from minitensor.keras.layers.pooling import GlobalAveragePooling2D as GlobalAvgPool2D
from minitensor.keras.layers.pooling import GlobalMaxPooling1D as GlobalMaxPool1D
from minitensor.keras.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from minitensor.keras.layers.pooling import GlobalMaxPooling2D as GlobalMaxPool2D
from minitensor.keras.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from minitensor.keras.layers.pooling import MaxPooling1D as MaxPool1D
from minitensor.keras.layers.pooling import MaxPooling1D as MaxPooling1D
from minitensor.keras.layers.pooling import MaxPooling2D as MaxPool2D
from minitensor.keras.layers.pooling import MaxPooling2D as MaxPooling2D
from minitensor.keras.layers.recurrent import RNN as RNN
from minitensor.keras.layers.shaping import Flatten as Flatten
from minitensor.keras.layers.shaping import Permute as Permute
from minitensor.keras.layers.shaping import RepeatVector as RepeatVector
from minitensor.keras.layers.shaping import Reshape as Reshape
from minitensor.keras.layers.simple_rnn import SimpleRNN as SimpleRNN
from minitensor.keras.layers.simple_rnn import SimpleRNNCell as SimpleRNNCell
from minitensor.keras.layers.stacked_cells import StackedRNNCells as StackedRNNCells
from minitensor.keras.layers.text_lookup import IntegerLookup as IntegerLookup
from minitensor.keras.layers.text_lookup import StringLookup as StringLookup
from minitensor.keras.layers.text_vectorization import TextVectorization as TextVectorization
from minitensor.keras.layers.time_distributed import TimeDistributed as TimeDistributed
from minitensor.keras.layers.transposed import Conv1DTranspose as Conv1DTranspose
from minitensor.keras.layers.transposed import Conv1DTranspose as Convolution1DTranspose
from minitensor.keras.layers.transposed import Conv2DTranspose as Conv2DTranspose
from minitensor.keras.layers.transposed import Conv2DTranspose as Convolution2DTranspose

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

__getattr__, __dir__ = public_names(__name__, __all__)
