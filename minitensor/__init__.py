"""minitensor: a tensor library that teaches how tensor libraries work. `import minitensor as tf`."""

from minitensor.dtypes import *
from minitensor.eager import constant as constant
from minitensor.eager import convert_to_tensor as convert_to_tensor
from minitensor.ops import *
from minitensor.tape import GradientTape as GradientTape
from minitensor.tensor import IndexedSlices as IndexedSlices
from minitensor.tensor import Tensor as Tensor
from minitensor.variable import Variable as Variable
