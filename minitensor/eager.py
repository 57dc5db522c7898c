"""The eager interpreter: compute now, and tell the tapes that watch an input.

Also the ways into tensors: `constant`, `convert_to_tensor`. `Eager.binary` and `Eager.apply` are
the hot paths of the whole library; read them first, then what `apply` calls, in order.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from sys import _getframe
from typing import Any

import numpy as np

from minitensor.backend import NAMESPACE, Quiet, restore, silence
from minitensor.conversion import FLOAT32, FLOAT64, as_array
from minitensor.device import default_device
from minitensor.dtypes import DType, as_dtype
from minitensor.errors import DTypeError, Fault, InvalidArgumentError, OpError, message
from minitensor.graph.ir import Node, learners_frame
from minitensor.op import NO_ATTRS, Op, State, state
from minitensor.ops.array import stack
from minitensor.ops.state import to_device
from minitensor.scalars import as_operands
from minitensor.shapes import NoElements, Spec, TensorShape
from minitensor.tensor import IndexedSlices, Operand, Tensor
from minitensor.variable import Variable

__all__ = ["constant", "convert_to_tensor", "executing_eagerly", "is_tensor"]

ndarray = np.ndarray
# numpy's overflow and division warnings are the learner's own only in her own code. Filtering them
# here, for our modules alone, spares the arithmetic ops a tenth of their time.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitensor\.ops\.")

_new = object.__new__
_node: Any = tuple.__new__
_spec: Any = tuple.__new__


class Eager:
    """Compute at once; record on every active tape that knows one of the inputs."""

    _last: Any = None
    """The learner's code that ran the last operator: most likely it runs the next one too."""

    def binary(self, op: Op, x: Any, y: Any) -> Any:
        """Run an op of two inputs and no attributes: what Python's operators call.

        The first half is the shortest way for two float tensors, or one and a Python number, on
        the CPU; everything else goes through `apply`.
        """
        if type(x) is not Tensor or type(y) is not Tensor:
            x, y = as_operands(x, y)
        if type(x) is Tensor and type(y) is Tensor:
            a, b = x._array, y._array
            dtype = a.dtype
            busy = state.busy
            if (
                (dtype is FLOAT32 or dtype is FLOAT64)
                and b.dtype is dtype
                and type(a) is ndarray
                and type(b) is ndarray
                and not (busy and state._device is not None)
            ):
                try:
                    out = op.on_numpy(np, a, b)
                except Exception as error:
                    out = _second_try(op, [a, b], error)
                frame = _getframe(2)
                if frame.f_code is not self._last:
                    frame = learners_frame(frame)
                    self._last = frame.f_code
                result = _new(Tensor)
                result._array = out if type(out) is ndarray else np.asarray(out)
                result._device = None
                result._origin = origin = (op, frame.f_code, frame.f_lasti)
                if busy:
                    scope = state.scope
                    record(_node(Node, (op, (x, y), NO_ATTRS, (result,), None, scope, origin)))
                return result
        return self.apply(op, (x, y), NO_ATTRS)

    def apply(self, op: Op, inputs: Sequence, attrs: dict, name: str | None = None) -> Any:
        """Run one op; returns a Tensor, or a tuple of them for an op with several results."""
        for x in inputs:
            if type(x) is not Tensor:
                place = _place_in_a_model(inputs)
                if place is not None:
                    return place.defer(op, inputs, attrs, name)
                inputs = convert_inputs(op, inputs)
                break
        arrays = [x._array for x in inputs]
        if state._device is not None or not _on_plain_cpu(inputs):
            inputs = _brought_together(inputs)
            arrays = [x._array for x in inputs]
        if attrs:
            attrs = {key: static(value) for key, value in attrs.items()}
        if not (op.fast and _agree(op, arrays)):
            op.infer_specs([_spec(Spec, (a.shape, a.dtype)) for a in arrays], attrs)
        xp = NAMESPACE[type(arrays[0])] if arrays else (state._device or default_device()).namespace
        out = failure = None
        token = silence()
        try:
            out = op.implementation(xp)(xp, *arrays, **attrs)
        except Exception as error:
            failure = _failure(op, arrays, attrs, error)
        finally:
            restore(token)
        if failure is not None:
            raise failure
        frame = learners_frame(_getframe(1))
        origin = (op, frame.f_code, frame.f_lasti)
        several = isinstance(out, tuple)
        outputs = tuple([_result(o, origin) for o in (out if several else (out,))])
        if state._tapes:
            record(_node(Node, (op, inputs, attrs, outputs, name, state.scope, origin)))
        return outputs if several else outputs[0]

    function = binary

    def convert(self, value: Any, dtype: Any = None) -> Any:
        """A tensor holding `value`, as `convert_to_tensor`."""
        return convert_to_tensor(value, dtype)

    def constant(self, tensor: Tensor, name: str | None) -> Tensor:
        """A new constant: eager tensors have no names."""
        return tensor

    def read(self, variable: Variable) -> Tensor:
        """The value that a variable has now."""
        return variable._value

    def assign(self, variable: Variable, tensor: Tensor) -> None:
        """Give a variable a new value; what was read before stays as it is."""
        array = tensor._array
        if isinstance(array, NoElements):
            array = tensor.numpy()  # which says why there are none
        if not array.flags.c_contiguous:
            array = array.copy()
        variable._value = Tensor(array, tensor._device)


def record(node: Node) -> None:
    """Put a node on every active tape that knows one of its inputs."""
    inputs = node.inputs
    for tape in state._tapes:
        known = tape.known
        for x in inputs:
            if id(x) in known:
                tape.record(node)
                break
        else:
            tape.overlook(node)


def _agree(op: Op, arrays: list) -> bool:
    """Whether the inputs of an elementwise op have one dtype, and one that it takes."""
    dtype = arrays[0].dtype
    for array in arrays:
        if array.dtype is not dtype:
            return False
    return dtype.kind in op.kinds


def _on_plain_cpu(inputs: Sequence) -> bool:
    """Whether all inputs are where eager code usually runs, with nothing to move."""
    for x in inputs:  # noqa: SIM110  (a generator would take twice as long)
        if x._device is not None or type(x._array) is not ndarray:
            return False
    return True


def _result(array: Any, origin: tuple) -> Tensor:
    tensor = _new(Tensor)
    tensor._array = array if type(array) is ndarray else _as_array_of(array)
    tensor._device = state._device
    tensor._origin = origin
    return tensor


def _as_array_of(out: Any) -> Any:
    """Numpy returns scalars for rank 0, and bytes for strings; tensors always hold arrays."""
    if isinstance(out, bytes):
        return np.array(out, dtype=object)
    return np.asarray(out) if isinstance(out, (np.generic, bool, int, float)) else out


def _second_try(op: Op, arrays: list, error: Exception) -> Any:
    """Compute again in silence when numpy's warning became an error; else raise the lesson."""
    if isinstance(error, RuntimeWarning):
        with Quiet():
            return op.on_numpy(np, *arrays)
    raise _failure(op, arrays, NO_ATTRS, error) from None


def _failure(op: Op, arrays: list, attrs: dict, error: Exception) -> Exception:
    """The error to raise: the five-part form of what a rule found, else what numpy said."""
    specs = [Spec(np.shape(a), getattr(a, "dtype", np.dtype(type(a)))) for a in arrays]
    if isinstance(error, Fault):
        return op.error(error, specs, attrs)
    if isinstance(error, (ValueError, TypeError, IndexError)):
        try:
            op.infer_specs(specs, attrs)
        except OpError as lesson:
            lesson.__context__ = None  # numpy's own words add nothing
            return lesson.with_traceback(None)
    return op.lesson(error, specs, attrs)


def _place_in_a_model(inputs: Sequence) -> Any:
    """A KerasTensor among the inputs, which writes down what to compute when there is data."""
    for x in inputs:
        if isinstance(x, Tensor) and hasattr(type(x), "defer"):
            return x
    return None


def _brought_together(inputs: Sequence) -> Sequence:
    """The inputs on the device where the op runs: the one asked for, else a GPU before a CPU."""
    device = state._device or _common_device(inputs)
    return inputs if device is None else [_moved(x, device) for x in inputs]


def convert_inputs(op: Op, inputs: Sequence) -> list:
    """The inputs of an op as tensors: variables are read, numbers and arrays converted.

    What is no tensor takes the dtype of those it is used with.
    """
    resolved = [_resolve(x) for x in inputs]
    letters = op.types * len(resolved) if len(op.types) == 1 else op.types
    dtypes: dict[str, DType] = {}
    for letter, x in zip(letters, resolved, strict=True):
        if isinstance(x, Tensor) and letter != "A":
            dtypes.setdefault(letter, x.dtype)
    tensors = []
    for letter, x in zip(letters, resolved, strict=True):
        if not isinstance(x, Tensor):
            wanted = dtypes.get(letter) if letter in "TU" else None
            x = _operand(op, x, wanted)
            if letter != "A":
                dtypes.setdefault(letter, x.dtype)
        tensors.append(x)
    return tensors


def _operand(op: Op, value: Any, dtype: DType | None) -> Tensor:
    try:
        if isinstance(value, np.ndarray | np.generic) and dtype is not None:
            return _placed(value, dtype)
        return convert_to_tensor(value, dtype)
    except InvalidArgumentError as error:
        raise type(error)(f"{op.name}: {error}") from None


def _resolve(x: Any) -> Any:
    """The tensor inside a variable, a part of one, or sparse rows; all else as it is."""
    if type(x) is Tensor:
        return x
    if isinstance(x, Variable):
        return x.value()
    if isinstance(x, Tensor):
        return x.whole
    return x.to_dense() if isinstance(x, IndexedSlices) else x


def _common_device(tensors: Sequence[Tensor]) -> Any:
    """Where to compute when nobody asked: on the GPU if some input is there; None where all are."""
    if len({type(x._array) for x in tensors}) <= 1:
        return None
    found = {x._placed for x in tensors}
    return max(found, key=lambda device: (device.type == "GPU", -device.index))


def _moved(x: Tensor, device: Any) -> Tensor:
    """The tensor on `device`; the move is an op like others, so that gradients find back."""
    if x._placed == device or x._array.dtype.kind == "O":
        return x
    moved = Tensor(device.place(x._array), device)
    frame = learners_frame(_getframe(1))
    moved._origin = origin = (to_device, frame.f_code, frame.f_lasti)
    if state._tapes:
        attrs = {"device": device, "source": x._placed}
        record(_node(Node, (to_device, (x,), attrs, (moved,), None, state.scope, origin)))
    return moved


def static(value: Any) -> Any:
    """An attribute as plain Python: tensors and arrays become numbers and tuples."""
    if isinstance(value, (bool, int, float, str, type(None), DType)):
        return value
    if isinstance(value, (Operand, ndarray, np.generic)):
        value = np.asarray(value).tolist()
    if isinstance(value, TensorShape):
        return None if value.rank is None else tuple(value)
    return tuple(static(v) for v in value) if isinstance(value, (list, tuple)) else value


def _placed(value: Any, dtype: DType | None) -> Tensor:
    """A tensor with a copy of `value`, on the device where ops run now."""
    with Quiet():  # a number too large for its dtype becomes infinite
        array = as_array(value, None if dtype is None else dtype.numpy)
    return Tensor((state.device or default_device()).place(array), state.device)


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """A tensor with the elements of `value`; a tensor is returned as it is.

    `value` may be a number, string, numpy array, or nested lists of them or of tensors. Whole
    Python numbers become int32, others float32; numpy arrays keep their dtype.

    Raises:
        InvalidArgumentError: (also a ValueError) for ragged or mixed lists, for values that are
            neither numbers nor strings, and for a tensor whose dtype is not the one asked for.

    Example:
        >>> import minitensor as mt
        >>> mt.convert_to_tensor([1, 2])
        <tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, (Operand, IndexedSlices)):
        return _checked(_resolve(value), wanted)
    if isinstance(value, (list, tuple)) and _holds_tensor(value):
        return _checked(_stacked(value, wanted), wanted)
    if wanted is None and dtype_hint is not None:
        try:
            return _placed(value, as_dtype(dtype_hint))
        except InvalidArgumentError:
            wanted = None
    return _placed(value, wanted)


def _checked(tensor: Tensor, wanted: DType | None) -> Tensor:
    if wanted is not None and tensor.dtype is not wanted:
        raise DTypeError(
            message("convert_to_tensor", f"a tensor of dtype {tensor.dtype.name}",
                    f"tensor conversion requested dtype {wanted.name} for Tensor with dtype "
                    f"{tensor.dtype.name}: {tensor!r}", "dtypes are never promoted silently",
                    f"mt.cast(x, mt.{wanted.name})")
        )  # fmt: skip
    return tensor


def _holds_tensor(value: Any) -> bool:
    if not isinstance(value, (list, tuple)):
        return isinstance(value, Operand)
    try:
        return any(_holds_tensor(v) for v in value)
    except RecursionError:
        pass
    raise InvalidArgumentError(
        message("convert_to_tensor", f"a {type(value).__name__}", "it is nested too deeply",
                "a tensor has at most 64 axes", "look for a list that was appended to itself")
    )  # fmt: skip


def _stacked(value: Any, wanted: DType | None) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    first = next((v.dtype for v in value if isinstance(v, Operand)), wanted)
    parts = [
        _stacked(v, wanted) if _holds_tensor(v) else convert_to_tensor(v, first) for v in value
    ]
    return stack(parts, axis=0)


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const"
) -> Tensor:
    """A tensor with the elements of `value`, of `dtype` and `shape` when they are given.

    A single value fills the shape. The tensor never shares memory with `value`.

    Raises:
        InvalidArgumentError: (also a ValueError) for ragged lists and unsupported values.
        DTypeError: (also a TypeError) when `dtype` cannot hold the value.

    Example:
        >>> import minitensor as mt
        >>> mt.constant(7, shape=(2, 2))
        <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
        array([[7, 7],
               [7, 7]], dtype=int32)>
    """
    wanted = None if dtype is None else as_dtype(dtype)
    tensor = _checked(
        convert_to_tensor(value, None if isinstance(value, Operand) else wanted), wanted
    )
    if shape is None:
        return state.interpreter.constant(tensor, name)
    shape = tuple(TensorShape(static(shape)))
    if None in shape:
        raise InvalidArgumentError(
            message("constant", f"shape={shape}", "a size is None", "a tensor that exists has "
                    "sizes that are known", "write the sizes out")
        )  # fmt: skip
    elements = int(np.prod(tensor.shape))
    if elements != int(np.prod(shape)) and elements != 1:
        raise DTypeError(
            message("constant", f"{tensor.numpy()!r} and shape={shape}",
                    f"Tensor has {elements} elements, but got `shape` {shape} with "
                    f"{int(np.prod(shape))} elements", "the shape must hold exactly the elements, "
                    "or one element that fills it", "change the shape")
        )  # fmt: skip
    array = tensor._array
    filled = array.reshape(shape) if elements == int(np.prod(shape)) else _filled(array, shape)
    return state.interpreter.constant(Tensor(filled, state.device), name)


def _filled(array: Any, shape: tuple) -> Any:
    xp = NAMESPACE[type(array)]
    return xp.broadcast_to(array.reshape(()), shape).copy()


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor or a variable."""
    return isinstance(x, (Operand, IndexedSlices))


def executing_eagerly() -> bool:
    """Whether ops compute at once, rather than being written into a graph."""
    interpreter: Any = state.interpreter
    while hasattr(interpreter, "watched"):
        interpreter = interpreter.watched
    return isinstance(interpreter, Eager)


State.interpreter = Eager()
