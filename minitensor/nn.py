"""What neural networks are made of, by name: `mt.nn`."""

from __future__ import annotations

from minitensor.ops.activation import elu as elu
from minitensor.ops.activation import gelu as gelu
from minitensor.ops.activation import leaky_relu as leaky_relu
from minitensor.ops.activation import relu as relu
from minitensor.ops.activation import relu6 as relu6
from minitensor.ops.activation import selu as selu
from minitensor.ops.activation import sigmoid as sigmoid
from minitensor.ops.activation import silu as silu
from minitensor.ops.activation import softplus as softplus
from minitensor.ops.activation import softsign as softsign
from minitensor.ops.activation import swish as swish
from minitensor.ops.attention import scaled_dot_product_attention as scaled_dot_product_attention
from minitensor.ops.conv import conv1d as conv1d
from minitensor.ops.conv import conv1d_transpose as conv1d_transpose
from minitensor.ops.conv import conv2d as conv2d
from minitensor.ops.conv import conv2d_backprop_filter as conv2d_backprop_filter
from minitensor.ops.conv import conv2d_backprop_input as conv2d_backprop_input
from minitensor.ops.conv import conv2d_transpose as conv2d_transpose
from minitensor.ops.depthwise import depthwise_conv2d as depthwise_conv2d
from minitensor.ops.depthwise import (
    depthwise_conv2d_backprop_filter as depthwise_conv2d_backprop_filter,
)
from minitensor.ops.depthwise import (
    depthwise_conv2d_backprop_input as depthwise_conv2d_backprop_input,
)
from minitensor.ops.depthwise import separable_conv2d as separable_conv2d
from minitensor.ops.losses import (
    sigmoid_cross_entropy_with_logits as sigmoid_cross_entropy_with_logits,
)
from minitensor.ops.losses import (
    softmax_cross_entropy_with_logits as softmax_cross_entropy_with_logits,
)
from minitensor.ops.losses import (
    sparse_softmax_cross_entropy_with_logits as sparse_softmax_cross_entropy_with_logits,
)
from minitensor.ops.losses import (
    weighted_cross_entropy_with_logits as weighted_cross_entropy_with_logits,
)
from minitensor.ops.neural import bias_add as bias_add
from minitensor.ops.neural import dropout as dropout
from minitensor.ops.neural import embedding_lookup as embedding_lookup
from minitensor.ops.neural import in_top_k as in_top_k
from minitensor.ops.neural import l2_loss as l2_loss
from minitensor.ops.neural import log_softmax as log_softmax
from minitensor.ops.neural import softmax as softmax
from minitensor.ops.normalization import batch_normalization as batch_normalization
from minitensor.ops.normalization import fused_batch_norm as fused_batch_norm
from minitensor.ops.normalization import layer_normalization as layer_normalization
from minitensor.ops.norms import l2_normalize as l2_normalize
from minitensor.ops.ordering import top_k as top_k
from minitensor.ops.pooling import avg_pool as avg_pool
from minitensor.ops.pooling import avg_pool1d as avg_pool1d
from minitensor.ops.pooling import avg_pool2d as avg_pool2d
from minitensor.ops.pooling import max_pool as max_pool
from minitensor.ops.pooling import max_pool1d as max_pool1d
from minitensor.ops.pooling import max_pool2d as max_pool2d
from minitensor.ops.rearranging import depth_to_space as depth_to_space
from minitensor.ops.rearranging import space_to_depth as space_to_depth
from minitensor.ops.statistics import moments as moments
from minitensor.ops.statistics import zero_fraction as zero_fraction
from minitensor.ops.trigonometric import tanh as tanh

__all__ = [
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "batch_normalization",
    "bias_add",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_backprop_filter",
    "conv2d_backprop_input",
    "conv2d_transpose",
    "depth_to_space",
    "depthwise_conv2d",
    "depthwise_conv2d_backprop_filter",
    "depthwise_conv2d_backprop_input",
    "dropout",
    "elu",
    "embedding_lookup",
    "fused_batch_norm",
    "gelu",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "layer_normalization",
    "leaky_relu",
    "log_softmax",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "moments",
    "relu",
    "relu6",
    "scaled_dot_product_attention",
    "selu",
    "separable_conv2d",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "softsign",
    "space_to_depth",
    "sparse_softmax_cross_entropy_with_logits",
    "swish",
    "tanh",
    "top_k",
    "weighted_cross_entropy_with_logits",
    "zero_fraction",
]
