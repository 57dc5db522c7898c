"""`Dataset`: a pipeline of elements, described once and walked through as often as you like.

A dataset never changes; each method gives a new one with one more stage. The methods are here,
those of one kind in a file:

    passing      elements stay as they are: take, filter, shuffle, concatenate, cache, prefetch …
    grouping     batches, windows, and back: batch, padded_batch, unbatch, window …
    computing    functions of elements: map, flat_map, interleave, scan, reduce …

The stages that they add, and how each of them walks, are in the other files:

    sources      tensors, ranges, generators        batching     batch, padded_batch, unbatch …
    text         lines of files                     windows      window, group_by_window
    selecting    take, skip, repeat, filter …       mapping      map, scan
    shuffling    shuffle                            flattening   flat_map, interleave
    mixing       zip, concatenate, random turns     resampling   rejection_resample
    caching      cache, save, load                  prefetching  prefetch

Read `stage` first: what a stage, a cursor and a token are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from minitensor import nest
from minitensor.data import caching, computing, grouping, passing, sources, staged
from minitensor.data.columns import Held
from minitensor.data.elements import is_dataset, scalar_int64
from minitensor.data.iterators import Iterator as Walk
from minitensor.data.iterators import NumpyIterator
from minitensor.data.mixing import Choose, Sample, zipped
from minitensor.data.options import Options
from minitensor.data.seeds import new_seed
from minitensor.data.selecting import Passing
from minitensor.data.stage import INFINITE, UNKNOWN, Stage
from minitensor.eager import convert_to_tensor
from minitensor.errors import ArgumentError, InvalidArgumentError, message, shorten
from minitensor.graph.asking import inside_function
from minitensor.graph.failure import shortening

__all__ = ["Dataset"]


class Dataset:
    """A sequence of elements, each a tensor or a structure of tensors.

    Start with a source, go on with transformations, and loop over the result. The `name` that
    methods take is TensorFlow's and has no effect.

    Example:
        >>> import minitensor as mt
        >>> dataset = mt.data.Dataset.from_tensor_slices([1, 2, 3]).map(lambda x: 2 * x).batch(2)
        >>> for batch in dataset:
        ...     print(batch.numpy())
        [2 4]
        [6]
        >>> dataset
        <_BatchDataset element_spec=TensorSpec(shape=(None,), dtype=tf.int32, name=None)>
    """

    def __init__(self, stage: Any):
        if not isinstance(stage, Stage):
            raise ArgumentError(
                message("Dataset", shorten(stage), "a dataset is made by a source",
                        "the sources are methods of the class", "use "
                        "mt.data.Dataset.from_tensor_slices(x)")
            )  # fmt: skip
        self._stage: Stage = stage
        self._options = Options()

    def _then(self, stage: Stage) -> Dataset:
        """The dataset with one more stage."""
        found = Dataset(stage)
        found._options = self._options
        return found

    # Sources.

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """A dataset of one element: `tensors`. Lists are tensors, tuples and dicts structures."""
        return Dataset(sources.whole_tensors(tensors))

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """A dataset of the rows of `tensors`.

        The arrays are copied once. Rows stay in them until a batch gathers some.

        Shape: (n, …) → n elements of (…).

        Raises:
            InvalidArgumentError: (also a ValueError) for scalars, and for different numbers of
                rows.

        Example:
            >>> import minitensor as mt
            >>> pairs = mt.data.Dataset.from_tensor_slices(([1, 2], ["a", "b"]))
            >>> list(pairs.as_numpy_iterator())
            [(np.int32(1), b'a'), (np.int32(2), b'b')]
        """
        return Dataset(sources.slices(tensors))

    @staticmethod
    def from_generator(
        generator: Callable,
        output_types: Any = None,
        output_shapes: Any = None,
        args: Sequence | None = None,
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """A dataset of what a Python generator yields.

        Args:
            generator: called at the start of every walk; gives something to iterate over.
            output_types: an older way to say what comes: dtypes in the structure of the elements.
            output_shapes: their shapes; unknown by default.
            args: tensors that the generator is called with, as numpy arrays.
            output_signature: the `TensorSpec`s of the elements.
            name: no effect.

        A walk that is restored runs the generator again and passes over what it gave before.

        Raises:
            ArgumentError: (also a TypeError) without a signature; while iterating, for a value of
                another dtype.
            InvalidArgumentError: (also a ValueError) while iterating, for one of another shape.

        Example:
            >>> import minitensor as mt
            >>> def squares():
            ...     for i in range(3):
            ...         yield i * i
            >>> spec = mt.TensorSpec([], mt.int32)
            >>> dataset = mt.data.Dataset.from_generator(squares, output_signature=spec)
            >>> [x.numpy().item() for x in dataset]
            [0, 1, 4]
        """
        spec = sources.signature_of(output_signature, output_types, output_shapes)
        given = tuple(convert_to_tensor(x).numpy() for x in args or ())
        return Dataset(sources.GeneratorSource(generator, spec, given))

    @staticmethod
    def range(*args: Any, output_type: Any = "int64", name: str | None = None) -> Dataset:
        """The numbers from a start (0 by default) to below a stop, like Python's `range`.

        Example:
            >>> import minitensor as mt
            >>> [x.numpy().item() for x in mt.data.Dataset.range(1, 10, 3)]
            [1, 4, 7]
        """
        return Dataset(sources.counted(args, output_type))

    @staticmethod
    def random(
        seed: Any = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> Dataset:
        """Random whole numbers from 0 to below 2³², without end."""
        again = bool(rerandomize_each_iteration)
        return Dataset(sources.Draws(new_seed(seed), again, f"seed {seed}"))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of several datasets side by side, as long as all have some.

        Args:
            args: datasets, or one structure (tuple or dict) of them.
            datasets: the older name of such a structure.
            name: no effect.

        Raises:
            ArgumentError: (also a TypeError) for anything but datasets.

        Example:
            >>> import minitensor as mt
            >>> numbers = mt.data.Dataset.range(2)
            >>> list(mt.data.Dataset.zip(numbers, numbers.skip(1)).as_numpy_iterator())
            [(np.int64(0), np.int64(1))]
        """
        if not args and datasets is None:
            raise ArgumentError(
                message("Dataset.zip", "", "Must pass at least one dataset to `zip`",
                        "one element of each makes an element", "Dataset.zip(first, second)")
            )  # fmt: skip
        structure = datasets if not args else args[0] if len(args) == 1 else args
        structure = tuple(structure) if type(structure) is list else structure
        leaves = nest.flatten(structure)
        for leaf in leaves:
            if not isinstance(leaf, Dataset):
                raise ArgumentError(
                    "Invalid input to `zip`. Inputs are expected to be (nested) structures of "
                    "`tf.data.Dataset` objects but encountered object of type "
                    f"{type(leaf)}.\nTo fix it: make one with Dataset.from_tensor_slices(x)."
                )
        return Dataset(zipped(structure, [leaf._stage for leaf in leaves]))

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Dataset],
        weights: Any = None,
        seed: Any = None,
        stop_on_empty_dataset: bool = False,
        rerandomize_each_iteration: bool | None = None,
    ) -> Dataset:
        """Elements of several datasets in random turns.

        Args:
            datasets: where elements come from.
            weights: how often each is chosen, relative to the others; equally often by default.
            seed: of the random numbers.
            stop_on_empty_dataset: whether to end with the first that ends; otherwise the others
                go on.
            rerandomize_each_iteration: whether each walk has other turns.

        Raises:
            InvalidArgumentError: (also a ValueError) for another number of weights.
        """
        stages = _stages("sample_from_datasets", datasets)
        shares = [1.0] * len(stages)
        if weights is not None:
            shares = [float(w) for w in convert_to_tensor(weights).numpy().tolist()]
        if len(shares) != len(stages):
            raise InvalidArgumentError(
                "Invalid `weights`. `weights` should have the same length as `datasets` but got "
                f"`len(weights)={len(shares)}` vs. `len(datasets)={len(stages)}`."
            )
        again = bool(rerandomize_each_iteration)
        return Dataset(Sample(stages, shares, seed, stop_on_empty_dataset, again))

    @staticmethod
    def choose_from_datasets(
        datasets: Sequence[Dataset], choice_dataset: Dataset, stop_on_empty_dataset: bool = True
    ) -> Dataset:
        """Elements of several datasets in the turns that a dataset of int64 scalars says.

        Raises:
            ArgumentError: (also a TypeError) when `choice_dataset` holds something else.
        """
        if not scalar_int64(choice_dataset.element_spec):
            raise ArgumentError(
                "Invalid `choice_dataset`. Elements of `choice_dataset` must be scalar `tf.int64` "
                f"tensors but are {choice_dataset.element_spec}."
            )
        stages = _stages("choose_from_datasets", datasets)
        return Dataset(Choose(stages, choice_dataset._stage, stop_on_empty_dataset))

    @staticmethod
    def load(path: Any, element_spec: Any = None, compression: Any = None,
             reader_func: Callable | None = None) -> Dataset:  # fmt: skip
        """The dataset that `save` wrote into a folder. The arguments but `path` have no effect.

        Raises:
            NotFoundError: (also a LookupError) when there is none.
            DataLossError: (also a ValueError) when a file was damaged.
        """
        return Dataset(Held(*caching.load(os.fspath(path))))

    def save(self, path: Any, compression: Any = None, shard_func: Callable | None = None,
             checkpoint_args: Any = None) -> None:  # fmt: skip
        """Write all elements into a folder, as JSON and safetensors.

        What was there stays valid until all is written. The arguments but `path` have no effect.
        """
        caching.save(self._stage, os.fspath(path))

    # Transformations: what they do is said where they are defined.

    take, skip, shard, repeat = passing.take, passing.skip, passing.shard, passing.repeat
    filter, take_while, unique = passing.filter, passing.take_while, passing.unique
    shuffle, concatenate, enumerate = passing.shuffle, passing.concatenate, passing.enumerate
    cache, prefetch = passing.cache, passing.prefetch
    batch, padded_batch = grouping.batch, grouping.padded_batch
    unbatch, rebatch, window = grouping.unbatch, grouping.rebatch, grouping.window
    group_by_window = grouping.group_by_window
    bucket_by_sequence_length = grouping.bucket_by_sequence_length
    map, flat_map, interleave = computing.map, computing.flat_map, computing.interleave
    scan, reduce, apply = computing.scan, computing.reduce, computing.apply
    rejection_resample = computing.rejection_resample

    # What is known of it.

    @property
    def element_spec(self) -> Any:
        """The structure of an element, with a `TensorSpec` for each tensor."""
        return self._stage.spec

    def cardinality(self, name: str | None = None) -> Any:
        """How many elements there are, `INFINITE_CARDINALITY` or `UNKNOWN_CARDINALITY`.

        Shape: → () int64.
        """
        return convert_to_tensor(self._stage.size, "int64")

    def options(self) -> Options:
        """The options that it was given."""
        return self._options

    def with_options(self, options: Options, name: str | None = None) -> Dataset:
        """The same dataset with further options, which have no effect here."""
        if not isinstance(options, Options):
            raise ArgumentError(
                message("Dataset.with_options", shorten(options), f"a {type(options).__name__} is "
                        "no Options", "options are attributes of an object of their own",
                        "options = mt.data.Options(), set its attributes, and pass it")
            )  # fmt: skip
        before = self._stage
        found = Dataset(Passing("Options", before, before.size))
        found._options = self._options.merge(options)
        return found

    def __len__(self) -> int:
        if self._stage.size == INFINITE:
            raise TypeError("The dataset is infinite.")
        if self._stage.size == UNKNOWN:
            raise TypeError("The dataset length is unknown.")
        return self._stage.size

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        kind = self._stage.kind
        public = "" if kind == "Cache" else "_"
        return f"<{public}{kind}Dataset element_spec={self.element_spec!r}>"

    # Walking through it.

    def __iter__(self) -> Iterator:
        if inside_function():
            return staged.StagedIterator(self.element_spec, self._walk)  # type: ignore[return-value]
        return self._walk()  # type: ignore[return-value]

    def _walk(self) -> Walk:
        return Walk(self._stage)

    def _graph_loop(self) -> staged.GraphLoop:
        """What AutoGraph makes a loop of the graph of."""
        return staged.GraphLoop(self.element_spec, staged.opened(self._walk), self._stage.size > 0)

    def as_numpy_iterator(self) -> NumpyIterator:
        """A walk whose elements are numpy arrays instead of tensors."""
        return NumpyIterator(self._walk())

    @shortening
    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises:
            InvalidArgumentError: (also a ValueError) when there is none, or another.
        """
        found = list(self.take(2)._walk())
        if len(found) != 1:
            fault = "Dataset had more than one element" if found else "Dataset was empty"
            raise InvalidArgumentError(
                message("Dataset.get_single_element", repr(self), fault,
                        "it is for datasets of one element", "use take(1), or batch all elements")
            )  # fmt: skip
        return found[0]


def _stages(method: str, datasets: Any) -> list[Stage]:
    found = list(datasets) if isinstance(datasets, Sequence) else []
    if not found or not all(is_dataset(d) for d in found):
        raise InvalidArgumentError(
            message(f"Dataset.{method}", shorten(datasets),
                    "Invalid `datasets`. `datasets` should not be empty",
                    "it takes a list of datasets", "pass at least one dataset in a list")
        )  # fmt: skip
    return [dataset._stage for dataset in found]
