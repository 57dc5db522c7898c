"""Every op by name; this package is itself an array namespace, the `xp` of second derivatives.

Read the modules in this order: arithmetic, comparison, elementwise, reduction, array, indexing,
linalg, neural, conv; the names below say in numpy's words what rules ask of `xp`.
"""

from minitensor.ops.activation import *
from minitensor.ops.arithmetic import *
from minitensor.ops.array import *
from minitensor.ops.assertions import *
from minitensor.ops.attention import *
from minitensor.ops.bitwise import *
from minitensor.ops.comparison import *
from minitensor.ops.complex_numbers import *
from minitensor.ops.conv import *
from minitensor.ops.conv_kernels import *
from minitensor.ops.creation import *
from minitensor.ops.decomposition import *
from minitensor.ops.depthwise import *
from minitensor.ops.diagonal import *
from minitensor.ops.distributions import *
from minitensor.ops.draws import *
from minitensor.ops.einsum import *
from minitensor.ops.elementwise import *
from minitensor.ops.gathering import *
from minitensor.ops.indexing import *
from minitensor.ops.linalg import *
from minitensor.ops.lists import *
from minitensor.ops.losses import *
from minitensor.ops.lstm import *
from minitensor.ops.lstm_kernels import *
from minitensor.ops.moving_kernels import *
from minitensor.ops.namespace import *
from minitensor.ops.neural import *
from minitensor.ops.neural_kernels import *
from minitensor.ops.normalization import *
from minitensor.ops.norms import *
from minitensor.ops.ordering import *
from minitensor.ops.padding import *
from minitensor.ops.pooling import *
from minitensor.ops.printing import *
from minitensor.ops.random import *
from minitensor.ops.rearranging import *
from minitensor.ops.reduction import *
from minitensor.ops.reduction_kernels import *
from minitensor.ops.rows import *
from minitensor.ops.scan import *
from minitensor.ops.scattering import *
from minitensor.ops.segment import *
from minitensor.ops.selection import *
from minitensor.ops.sizes import *
from minitensor.ops.slices import *
from minitensor.ops.special import *
from minitensor.ops.splitting import *
from minitensor.ops.state import *
from minitensor.ops.statistics import *
from minitensor.ops.text import *
from minitensor.ops.trigonometric import *
