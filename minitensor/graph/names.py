"""What ops are called in a graph: TensorFlow's names, and what makes them unique.

An op has up to three names there: its type (`AddV2`), what a node is called when a function made
it (`Add`), and when a Python operator did (`add`). All were measured with TensorFlow 2.21.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from minitensor.errors import InvalidArgumentError
from minitensor.op import Op

__all__ = ["OpName", "UniqueNames", "check_scope", "name_of_op"]


class OpName(NamedTuple):
    """An op's names in graphs."""

    type: str
    function: str
    operator: str


# op, type, name by function (else the type), name by operator (else the same)
_OTHERS = """
add AddV2 Add add                             | subtract Sub Sub sub
multiply Mul Mul mul                          | divide RealDiv truediv
floordiv FloorDiv floordiv                    | floormod FloorMod FloorMod mod
pow Pow Pow pow                               | matmul MatMul MatMul matmul
logical_and LogicalAnd LogicalAnd and         | logical_or LogicalOr LogicalOr or
logical_xor LogicalXor LogicalXor xor         | bitwise_and BitwiseAnd BitwiseAnd and
bitwise_or BitwiseOr BitwiseOr or             | bitwise_xor BitwiseXor BitwiseXor xor
negative Neg                                  | divide_no_nan DivNoNan div_no_nan
multiply_no_nan MulNoNan multiply_no_nan      | reduce_sum Sum
reduce_mean Mean                              | reduce_max Max
reduce_min Min                                | reduce_prod Prod
reduce_all All                                | reduce_any Any
reduce_euclidean_norm EuclideanNorm           | reduce_logsumexp ReduceLogSumExp
reduce_std ReduceStd reduce_std               | argmax ArgMax
argmin ArgMin                                 | sort Sort sort
argsort ArgSort argsort                       | top_k TopKV2
count_nonzero CountNonzero count_nonzero      | bincount DenseBincount bincount
in_top_k InTopKV2 in_top_k                    | searchsorted LowerBound
transpose Transpose transpose                 | matrix_transpose Transpose matrix_transpose
concat ConcatV2 concat                        | stack Pack stack
split Split split                             | unstack Unpack unstack
reverse ReverseV2                             | gather GatherV2
getitem StridedSlice strided_slice            | where SelectV2
indices_where Where                           | boolean_mask BooleanMask boolean_mask
one_hot OneHot one_hot                        | ones Fill ones
zeros Fill zeros                              | ones_like OnesLike ones_like
zeros_like ZerosLike zeros_like               | eye Eye eye
linspace LinSpace linspace                    | range Range range
clip_by_value ClipByValue clip_by_value       | dropout Dropout dropout
conv2d Conv2D                                 | conv2d_backprop_input Conv2DBackpropInput
conv2d_backprop_filter Conv2DBackpropFilter   | avg_pool2d AvgPool AvgPool2D
max_pool2d MaxPool MaxPool2d                  | avg_pool_backprop AvgPoolGrad
max_pool_backprop MaxPoolGrad                 | det MatrixDeterminant
slogdet LogMatrixDeterminant                  | inv MatrixInverse
solve MatrixSolve                             | eigh SelfAdjointEigV2
eigvalsh SelfAdjointEigV2                     | band_part MatrixBandPart
diag MatrixDiagV3 diag                        | diag_part MatrixDiagPartV3 diag_part
set_diag MatrixSetDiagV3 set_diag             | einsum Einsum einsum/Einsum
xdivy Xdivy xdivy/Xdivy                       | xlog1py Xlog1py xlog1py/Xlog1py
random_gamma RandomGamma random_gamma         | random_categorical Multinomial categorical
random_permutation RandomShuffle              | string_reduce_join ReduceJoin
regex_full_match StaticRegexFullMatch         | regex_replace StaticRegexReplace
read_variable ReadVariableOp                  | assign_variable AssignVariableOp
print_tensors PrintV2                         | call_python EagerPyFunc
assert_equal Assert assert_equal              | assert_none_equal Assert assert_none_equal
assert_less Assert assert_less                | assert_less_equal Assert assert_less_equal
assert_greater Assert assert_greater          | assert_near Assert assert_near
assert_positive Assert assert_positive        | assert_negative Assert assert_negative
reduce_variance ReduceVariance reduce_variance
histogram_fixed_width HistogramFixedWidth histogram_fixed_width
depthwise_conv2d DepthwiseConv2dNative depthwise
depthwise_conv2d_backprop_input DepthwiseConv2dNativeBackpropInput
depthwise_conv2d_backprop_filter DepthwiseConv2dNativeBackpropFilter
sigmoid_cross_entropy_with_logits SigmoidCrossEntropyWithLogits logistic_loss
softmax_cross_entropy_with_logits SoftmaxCrossEntropyWithLogits softmax_cross_entropy_with_logits
triangular_solve MatrixTriangularSolve triangular_solve/MatrixTriangularSolve
random_normal RandomStandardNormal random_normal
random_uniform RandomUniform random_uniform/RandomUniform
random_integers RandomUniformInt random_uniform
random_truncated_normal TruncatedNormal truncated_normal
random_poisson RandomPoissonV2 random_poisson
random_binomial StatelessRandomBinomial random_binomial
assert_greater_equal Assert assert_greater_equal
assert_non_negative Assert assert_non_negative
assert_non_positive Assert assert_non_positive
"""


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _table() -> dict[str, OpName]:
    found = {}
    for entry in _OTHERS.replace("|", "\n").strip().splitlines():
        name, *names = entry.split()
        found[name] = OpName(*(names + names[-1:] * 2)[:3])
    return found


_NAMES = _table()
_WITH_GRAPHS = {"CallOp": "PartitionedCall", "CondOp": "If", "WhileOp": "While"}


def name_of_op(op: Op) -> OpName:
    """The names of an op in a graph; CamelCase where TensorFlow has nothing like it.

    Example:
        >>> from minitensor import ops
        >>> name_of_op(ops.add)
        OpName(type='AddV2', function='Add', operator='add')
    """
    if op.graphs:
        return _with_graphs(op)
    found = _NAMES.get(op.name)
    if found is None:
        camel = _camel(op.name)
        found = OpName(camel, camel, camel)
    return found


def _with_graphs(op: Op) -> OpName:
    kind = _WITH_GRAPHS.get(type(op).__name__)
    if kind is None:
        return OpName(_camel(op.name), op.name, op.name)
    if kind == "PartitionedCall":
        kind = f"Stateful{kind}" if op.stateful else kind
        return OpName(kind, kind, kind)
    if kind == "If" and len(op.graphs) > 2:
        kind = "Case"
    return OpName(kind if op.stateful else f"Stateless{kind}", op.name, op.name)


class UniqueNames:
    """Makes names unique within a graph, as TensorFlow does: `add`, `add_1`; case is ignored.

    Example:
        >>> unique = UniqueNames()
        >>> [unique(name) for name in ("k", "k", "k_1", "A", "a")]
        ['k', 'k_1', 'k_1_1', 'A', 'a_1']
    """

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def __call__(self, wanted: str) -> str:
        """`wanted`, or `wanted` with the first number that is free."""
        key = wanted.lower()
        count = self._taken.get(key, 0)
        self._taken[key] = count + 1
        if not count:
            return wanted
        while f"{key}_{count}" in self._taken:
            count += 1
        self._taken[f"{key}_{count}"] = 1
        self._taken[key] = count + 1
        return f"{wanted}_{count}"


ROOT = r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$"
INNER = r"^[A-Za-z0-9_.\\/>-]*$"


def check_scope(name: str, outer: str) -> None:
    """Refuse a name of a scope or op, inside of `outer`, that TensorFlow's graphs cannot have.

    Raises:
        InvalidArgumentError: (also a ValueError) with the pattern that it has to match.
    """
    pattern, what = (INNER, "scope") if outer else (ROOT, "root scope")
    if not re.fullmatch(pattern, name):
        raise InvalidArgumentError(
            f"{name!r} is not a valid {what} name. A {what} name has to match the following "
            f"pattern: {pattern}. {_FIX}"
        )


_FIX = "In traced functions use letters, digits, '_', '.', '-' and '/', and begin with a letter."
