"""Variable scopes: names for variables that may be asked for again, and shared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minitensor.compat.v1 import initializers
from minitensor.compat.v1.graphs import home
from minitensor.compat.v1.keys import GraphKeys
from minitensor.compat.v1.tracer import open_tracer
from minitensor.compat.v1.variables import GraphVariable
from minitensor.dtypes import as_dtype, float32
from minitensor.errors import InvalidArgumentError
from minitensor.op import state
from minitensor.scopes import name_scope as plain_name_scope
from minitensor.shapes import TensorShape
from minitensor.tensor import Operand
from minitensor.variable import Variable

__all__ = [
    "AUTO_REUSE",
    "VariableScope",
    "get_local_variable",
    "get_variable",
    "get_variable_scope",
    "name_scope",
    "variable_scope",
]


class _Reuse:
    def __repr__(self) -> str:
        return "AUTO_REUSE"


AUTO_REUSE: Any = _Reuse()
"""For `reuse=`: the variable of that name if there is one, else a new one."""


class name_scope(plain_name_scope):  # noqa: N801 - TensorFlow's name
    """A name in front of the names of ops made within; `default_name` where `name` is None.

    `values` is TensorFlow's and has no effect.
    """

    def __init__(self, name: Any, default_name: str | None = None, values: Any = None):
        chosen = default_name if name is None else name
        if chosen is None and values is not None:
            raise InvalidArgumentError(
                f"At least one of name ({name}) and default_name ({default_name}) must be provided."
            )
        super().__init__("" if chosen is None else chosen)


class VariableScope:
    """What `get_variable` takes into account: a name, defaults, and whether to share."""

    def __init__(self, reuse: Any, name: str = "", **defaults: Any):
        self.reuse, self.name = reuse, name
        self.original_name_scope = ""
        self.defaults = {key: value for key, value in defaults.items() if value is not None}

    initializer = property(lambda self: self.defaults.get("initializer"))
    regularizer = property(lambda self: self.defaults.get("regularizer"))
    constraint = property(lambda self: self.defaults.get("constraint"))
    custom_getter = property(lambda self: self.defaults.get("custom_getter"))
    dtype = property(lambda self: self.defaults.get("dtype", float32))

    def reuse_variables(self) -> None:
        """Only share from here on: `get_variable` makes no new ones."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """The initialiser of variables that are given none."""
        self.defaults["initializer"] = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """The regulariser of variables that are given none."""
        self.defaults["regularizer"] = regularizer

    def global_variables(self) -> list:
        """The variables whose names begin with this scope."""
        return home().get_collection(GraphKeys.GLOBAL_VARIABLES, f"{self.name}/")

    def trainable_variables(self) -> list:
        """Those among them that optimisers change."""
        return home().get_collection(GraphKeys.TRAINABLE_VARIABLES, f"{self.name}/")

    def get_variable(self, name: str, shape: Any = None, **options: Any) -> Any:
        """The variable of this name in this scope: see `get_variable`."""
        options = {**self.defaults, **{k: v for k, v in options.items() if v is not None}}
        reuse = options.pop("reuse", self.reuse)
        getter = options.pop("custom_getter", None)
        whole = f"{self.name}/{name}" if self.name else name

        def get(name: str, shape: Any = None, **options: Any) -> Any:
            return _found_or_made(name, shape, reuse, options)

        if getter is not None:
            return getter(get, whole, shape=shape, **options)
        return get(whole, shape, **options)


def get_variable_scope() -> VariableScope:
    """The scope that `get_variable` uses now."""
    local = home().local
    if "scope" not in local:
        local["scope"] = VariableScope(False)
    return local["scope"]


@contextmanager
def variable_scope(  # noqa: D417 - arguments without effect share a line
    name_or_scope: Any, default_name: str | None = None, values: Any = None,
    initializer: Any = None, regularizer: Any = None, caching_device: Any = None,
    partitioner: Any = None, custom_getter: Callable | None = None, reuse: Any = None,
    dtype: Any = None, use_resource: bool | None = None, constraint: Callable | None = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:  # fmt: skip
    """Within it, `get_variable` puts a name in front, and shares variables as `reuse` says.

    Args:
        name_or_scope: a name, or a scope to enter again.
        default_name: a name that is made unique, where `name_or_scope` is None.
        reuse: True to share only, `AUTO_REUSE` to share what is there; None as around it.
        initializer, regularizer, custom_getter, dtype, constraint: what `get_variable` takes where
            it is given none.
        auxiliary_name_scope: False to open no name scope.
        values, caching_device, partitioner, use_resource: TensorFlow's; they have no effect.

    Example:
        >>> import minitensor.compat.v1 as tf
        >>> with tf.Graph().as_default():
        ...     with tf.variable_scope("layer"):
        ...         w = tf.get_variable("w", [2, 3])
        ...     with tf.variable_scope("layer", reuse=True):
        ...         print(tf.get_variable("w") is w, w.name)
        True layer/w:0
    """
    outer = get_variable_scope()
    given = {"initializer": initializer, "regularizer": regularizer, "dtype": dtype,
             "custom_getter": custom_getter, "constraint": constraint}  # fmt: skip
    again = isinstance(name_or_scope, VariableScope)
    base = name_or_scope if again else outer
    if again:
        whole = base.name
        last = whole.rpartition("/")[2]
    else:
        last = _own_name(outer, name_or_scope, default_name)
        whole = f"{outer.name}/{last}" if outer.name and last else outer.name or last
    if reuse is None or outer.reuse is True:
        reuse = base.reuse or outer.reuse
    given = {key: value for key, value in given.items() if value is not None}
    inner = VariableScope(reuse, whole, **{**base.defaults, **given})
    with _entered(inner), _named(last if auxiliary_name_scope else "") as scope:
        inner.original_name_scope = base.original_name_scope if again else scope
        yield inner


@contextmanager
def _entered(inner: VariableScope) -> Iterator[None]:
    local = home().local
    counts = local.setdefault("counts", {})
    below = f"{inner.name}/"
    outer, local["scope"] = local.get("scope"), inner
    kept = {key: n for key, n in counts.items() if key.startswith(below)}
    try:
        yield
    finally:
        local["scope"] = outer
        for key in [key for key in counts if key.startswith(below)]:
            counts.pop(key)
        counts.update(kept)


@contextmanager
def _named(last: str) -> Iterator[str]:
    if not last:
        yield f"{state.scope}/" if state.scope else ""
        return
    with plain_name_scope(last) as scope:
        yield scope


def _own_name(outer: VariableScope, name: Any, default: str | None) -> str:
    counts = home().local.setdefault("counts", {})
    if name is None and default is None:
        raise InvalidArgumentError(
            "If default_name is None then name_or_scope is required\nTo fix it: "
            'tf.variable_scope("name").'
        )
    if name is not None and not isinstance(name, str):
        raise InvalidArgumentError(
            f"VariableScope: name_or_scope must be a string or VariableScope, not {name!r}."
        )
    prefix = f"{outer.name}/" if outer.name else ""
    chosen = name or ""
    if name is None:
        count = counts.get(f"{prefix}{default}", 0)
        chosen = f"{default}_{count}" if count else str(default)
        counts[f"{prefix}{default}"] = count + 1
    elif name:
        counts[f"{prefix}{name}"] = counts.get(f"{prefix}{name}", 0) + 1
    return chosen


def get_variable(  # noqa: D417 - arguments without effect share a line
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Callable | None = None,
    trainable: bool | None = None,
    collections: Sequence | None = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: bool | None = None,
    custom_getter: Callable | None = None,
    constraint: Callable | None = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> Any:
    """The variable of this name in the current variable scope: a new one, or a shared one.

    Args:
        name: its name; the scope's name is put in front.
        shape: its shape, unless the initialiser is a value.
        dtype: its dtype, float32 by default.
        initializer: an initialiser, a function without arguments, or a value; by default Glorot's
            uniform draws, zeros for integers.
        regularizer: a function of the variable; what it gives is put into
            `GraphKeys.REGULARIZATION_LOSSES`.
        trainable: whether optimisers change it; True by default.
        collections: the lists that it goes into.
        custom_getter: called instead, with the function to get a variable and its arguments.
        constraint: what optimisers apply to the value after each step.
        validate_shape: False for a variable whose shape may be open.
        caching_device, partitioner, use_resource, synchronization, aggregation: TensorFlow's; they
            have no effect.

    Shape: `shape`.

    Raises:
        InvalidArgumentError: (also a ValueError) for a name that exists where nothing is shared,
            for one that does not where nothing is made, and for another shape or dtype.
    """
    return get_variable_scope().get_variable(
        name, shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
        trainable=trainable, collections=collections, validate_shape=validate_shape,
        custom_getter=custom_getter, constraint=constraint,
    )  # fmt: skip


def get_local_variable(name: str, shape: Any = None, **options: Any) -> Any:
    """As `get_variable`, in the collection of local variables, and not trainable."""
    options |= {"collections": [GraphKeys.LOCAL_VARIABLES], "trainable": False}
    return get_variable(name, shape, **options)


def _found_or_made(name: str, shape: Any, reuse: Any, options: dict) -> Any:
    known = home().local.setdefault("variables", {})
    dtype = as_dtype(options.get("dtype", float32))
    found = known.get(name)
    if found is None:
        if reuse is True:
            raise InvalidArgumentError(
                f"Variable {name} does not exist, or was not created with tf.get_variable(). Did "
                "you mean to set reuse=tf.AUTO_REUSE in VarScope?\nWith reuse=True variables are "
                f"shared, never made. Known are: {', '.join(known) or 'none'}."
            )
        made = _made(name, shape, dtype, options)
        if open_tracer() is not None:
            known[name] = made
        return made
    if reuse is False or reuse is None:
        raise InvalidArgumentError(
            f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
            "reuse=tf.AUTO_REUSE in VarScope?\nA name stands for one variable. To fix it: choose "
            "another name or scope; in a notebook, call tf.reset_default_graph() before building "
            "the graph again."
        )
    if shape is not None and not TensorShape(shape).is_compatible_with(found.shape):
        raise InvalidArgumentError(
            f"Trying to share variable {name}, but specified shape {TensorShape(shape)} and found "
            f"shape {found.shape}."
        )
    if "dtype" in options and found.dtype is not dtype:
        raise InvalidArgumentError(
            f"Trying to share variable {name}, but specified dtype {dtype.name} and found dtype "
            f"{found.dtype.name}."
        )
    return found


def _made(name: str, shape: Any, dtype: Any, options: dict) -> Any:
    value = _initial(name, shape, dtype, options.get("initializer"))
    given: dict[str, Any] = {
        "trainable": options.get("trainable"), "constraint": options.get("constraint"),
        "dtype": None if isinstance(value, Operand) else dtype,
        "validate_shape": options.get("validate_shape", True),
    }  # fmt: skip
    tracer = open_tracer()
    if tracer is None:
        made: Any = Variable(value, name=name, **given)
    else:
        made = GraphVariable(value, collections=options.get("collections"),
                             whole_name=tracer.unique(name), **given)  # fmt: skip
    regularizer = options.get("regularizer")
    if regularizer is not None:
        with plain_name_scope(f"{name}/Regularizer/"):
            loss = regularizer(made)
        if loss is not None:
            home().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return made


def _initial(name: str, shape: Any, dtype: Any, initializer: Any) -> Any:
    if initializer is None:
        initializer = initializers.glorot_uniform() if dtype.is_floating else initializers.zeros()
        if shape is None:
            raise InvalidArgumentError(
                f"Variable {name} did not get an initializer, so its `shape` argument must be "
                "specified."
            )
    if isinstance(initializer, type):
        initializer = initializer()
    if not callable(initializer):
        if shape is not None:
            raise InvalidArgumentError("If initializer is a constant, do not specify shape.")
        return initializer
    if shape is None:
        return initializer
    sizes = TensorShape(shape)
    if not sizes.is_fully_defined():
        raise InvalidArgumentError(
            "The initializer passed is not valid. It should be a callable with no arguments and "
            "the shape should not be provided or an instance of `tf.keras.initializers.*' and "
            f"`shape` should be fully defined.\nVariable {name} was asked for with shape {sizes}."
        )
    return lambda: initializer(sizes, dtype=dtype)
