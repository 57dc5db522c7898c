"""Methods of `Dataset` that compute with elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitensor.data import staged
from minitensor.data.elements import components, flat, packer, same_kind, spec_of, whole
from minitensor.data.flattening import Interleave
from minitensor.data.functions import ElementFunction
from minitensor.data.mapping import Map, Scan
from minitensor.data.resampling import Resample
from minitensor.data.stage import AUTOTUNE
from minitensor.errors import ArgumentError, shorten
from minitensor.graph.asking import inside_function
from minitensor.graph.failure import shortening

if TYPE_CHECKING:
    from minitensor.data.dataset import Dataset

__all__ = ["apply", "flat_map", "interleave", "map", "reduce", "rejection_resample", "scan"]

CYCLE = 4
"""How many datasets `interleave` reads in turns, on every machine."""


@shortening
def map(  # noqa: D417 - self, and arguments that share a line
    self: Dataset,
    map_func: Callable,
    num_parallel_calls: Any = None,
    deterministic: bool | None = None,
    synchronous: bool | None = None,
    use_unbounded_threadpool: bool | None = None,
    name: str | None = None,
) -> Dataset:
    """What `map_func` makes of each element.

    The function is traced once, as an `mt.function`. A tuple's components are its arguments; a
    list that it gives is a tuple. Random ops in it draw new numbers for each element, which depend
    on the seed and the element's number alone, so also in threads the results are the same.

    Args:
        map_func: takes the components of an element.
        num_parallel_calls: in how many threads elements are computed; `mt.data.AUTOTUNE` for as
            many as there are cores. Results keep their order. A thread pays where the function
            takes much longer than 20 µs and spends it inside of numpy.
        deterministic, synchronous, use_unbounded_threadpool: TensorFlow's, no effect.
        name: no effect.

    Raises:
        ArgumentError: (also a TypeError) for a function of another number of arguments.
        OpError: while iterating, what went wrong in the function, with the element's number.

    Example:
        >>> import minitensor as mt
        >>> pairs = mt.data.Dataset.from_tensor_slices(([1, 2], [10, 20]))
        >>> list(pairs.map(lambda x, y: x + y).as_numpy_iterator())
        [np.int32(11), np.int32(22)]
    """
    calls = num_parallel_calls
    calls = None if calls is None else whole(calls, "Dataset.map: num_parallel_calls")
    return self._then(Map(self._stage, map_func, calls))


@shortening
def flat_map(self: Dataset, map_func: Callable, name: str | None = None) -> Dataset:
    """The elements of the datasets that `map_func` makes of each element, one after the other.

    The function is traced for its specs, and called by Python for each element.

    Raises:
        ArgumentError: (also a TypeError) when it gives no dataset.

    Example:
        >>> import minitensor as mt
        >>> rows = mt.data.Dataset.from_tensor_slices([[1, 2], [3, 4]])
        >>> list(rows.flat_map(mt.data.Dataset.from_tensor_slices).as_numpy_iterator())
        [np.int32(1), np.int32(2), np.int32(3), np.int32(4)]
    """
    return self._then(Interleave("FlatMap", "flat_map", self._stage, map_func, 1, 1))


@shortening
def interleave(  # noqa: D417 - self, and arguments that share a line
    self: Dataset,
    map_func: Callable,
    cycle_length: Any = None,
    block_length: Any = None,
    num_parallel_calls: Any = None,
    deterministic: bool | None = None,
    name: str | None = None,
) -> Dataset:
    """The elements of the datasets that `map_func` makes of each element, in turns.

    Args:
        map_func: gives a dataset; traced for its specs, and called by Python for each element.
        cycle_length: how many datasets take turns; 4 by default, on every machine.
        block_length: how many elements each gives before it is the next one's turn; 1 by default.
        num_parallel_calls, deterministic, name: TensorFlow's, no effect.

    Raises:
        ArgumentError: (also a TypeError) when it gives no dataset.
        InvalidArgumentError: (also a ValueError) for a length below 1.

    Example:
        >>> import minitensor as mt
        >>> several = mt.data.Dataset.range(2).interleave(
        ...     lambda x: mt.data.Dataset.from_tensors(x).repeat(3), block_length=2)
        >>> [x.numpy().item() for x in several]
        [0, 0, 1, 1, 0, 1]
    """
    cycle = CYCLE if cycle_length in (None, AUTOTUNE) else cycle_length
    cycle = whole(cycle, "Dataset.interleave: cycle_length")
    block = 1 if block_length is None else whole(block_length, "Dataset.interleave: block_length")
    stage = Interleave("Interleave", "interleave", self._stage, map_func, cycle, block)
    return self._then(stage)


@shortening
def scan(  # noqa: D417 - self, and arguments that share a line
    self: Dataset, initial_state: Any, scan_func: Callable, name: str | None = None
) -> Dataset:
    """What a function makes of each element and of a state that it hands on.

    Args:
        initial_state: a structure of tensors.
        scan_func: takes the state and an element; gives the next state and a result.
        name: no effect.

    Raises:
        ArgumentError: (also a TypeError) when it gives no pair, or another kind of state.

    Example:
        >>> import minitensor as mt
        >>> totals = mt.data.Dataset.range(1, 5).scan(
        ...     mt.constant(0, mt.int64), lambda total, x: (total + x, total + x))
        >>> [x.numpy().item() for x in totals]
        [1, 3, 6, 10]
    """
    return self._then(Scan(self._stage, initial_state, scan_func))


@shortening
def reduce(  # noqa: D417 - self, and arguments that share a line
    self: Dataset, initial_state: Any, reduce_func: Callable, name: str | None = None
) -> Any:
    """The last state of a function that makes a new one of the state and each element.

    In a traced function it is one loop of the graph.

    Args:
        initial_state: a structure of tensors.
        reduce_func: takes the state and an element, and gives the next state.
        name: no effect.

    Raises:
        ArgumentError: (also a TypeError) when the states have different structures or dtypes.

    Example:
        >>> import minitensor as mt
        >>> mt.data.Dataset.range(5).reduce(mt.constant(0, mt.int64), lambda a, x: a + x).numpy()
        np.int64(10)
    """
    first = components(initial_state, "Dataset.reduce: initial_state")
    if inside_function():
        return staged.reduced(self, first, reduce_func)
    spec = spec_of(first)
    while True:
        arguments = (spec, self._stage.spec)
        function = ElementFunction(reduce_func, arguments, "reduce", several=True)
        wider = same_kind(spec, function.spec, "Dataset.reduce")
        if wider == spec:
            break
        spec = wider
    function.label_of_stage = "ReduceDataset"
    state: Any = flat(first)
    for index, element in enumerate(self._walk()._walk()):
        state = tuple(function.at((*state, *element), 0, index))
    return packer(spec)(state)


@shortening
def apply(self: Dataset, transformation_func: Callable) -> Dataset:
    """What a function makes of the dataset: `dataset.apply(f)` is `f(dataset)`.

    Raises:
        ArgumentError: (also a TypeError) when that is no dataset.
    """
    found = transformation_func(self)
    if not hasattr(found, "_stage"):
        raise ArgumentError(
            "`transformation_func` must return a `tf.data.Dataset` object. Got "
            f"{shorten(found)}.\nDataset.apply hands it the dataset. To fix it: return what the "
            "last transformation gives."
        )
    return found


@shortening
def rejection_resample(  # noqa: D417 - self, and arguments that share a line
    self: Dataset,
    class_func: Callable,
    target_dist: Any,
    initial_dist: Any = None,
    seed: Any = None,
    name: str | None = None,
) -> Dataset:
    """Pairs of a class and an element, some left out so that classes are as frequent as wanted.

    Args:
        class_func: the class of an element, an int32 scalar.
        target_dist: how frequent each class shall be.
        initial_dist: how frequent it is; counted on the way by default.
        seed: of the random numbers that decide.
        name: no effect.

    Raises:
        InvalidArgumentError: (also a ValueError) when `class_func` gives no int32 scalar.

    Example:
        >>> import minitensor as mt
        >>> numbers = mt.data.Dataset.range(1000)
        >>> even = numbers.rejection_resample(lambda x: mt.cast(x % 2, mt.int32), [1.0, 0.0])
        >>> {int(x) % 2 for _, x in even}
        {0}
    """
    return self._then(Resample(self._stage, class_func, target_dist, initial_dist, seed))
