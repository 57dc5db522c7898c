"""Functions that say themselves what their gradient is: `custom_gradient` and its two uses.

Such a call is one node on the tape. The ops inside it are kept beside the node: when the gradient
itself is differentiated, what `grad_fn` took from them leads back to the inputs. Read
`custom_gradient`, then `_Call`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from inspect import signature
from typing import Any

from minitensor import nest, ops
from minitensor.eager import convert_to_tensor, record
from minitensor.errors import ArgumentError, InvalidArgumentError, message
from minitensor.graph.custom import CustomOp, TracedCustomOp
from minitensor.graph.ir import Node
from minitensor.graph.subgraphs import close, spec_of
from minitensor.graph.trace import Tracer, trace
from minitensor.op import NO_ATTRS, state
from minitensor.ops.state import identity, read_variable
from minitensor.shapes import Spec
from minitensor.tape import GradientTape
from minitensor.tensor import IndexedSlices, Operand, Tensor
from minitensor.trail import learners_line
from minitensor.variable import Variable

__all__ = ["custom_gradient", "grad_pass_through", "recompute_grad"]


def custom_gradient(f: Callable | None = None) -> Any:
    """Give a function a gradient of your own. For use as a decorator.

    `f` returns its result and `grad_fn`. When a gradient is asked for, `grad_fn` gets one upstream
    gradient for each tensor in the result and returns one gradient, or None, for each argument of
    `f` by position (also Python numbers). If `f` reads trainable variables that are not its
    arguments, `grad_fn` must take a keyword `variables` and return a pair: the gradients of the
    arguments, and a list with one for each of the variables. Arguments by keyword get none.

    Use it where the derivative that the rules give is numerically bad, or not the one you want.

    Raises:
        ArgumentError: (also a TypeError) when `f` does not return a pair, or `grad_fn` takes no
            `variables` although `f` reads some.
        InvalidArgumentError: (also a ValueError) when `grad_fn` returns another number of
            gradients, or one of another shape or dtype than its argument.

    Example:
        >>> import minitensor as mt
        >>> @mt.custom_gradient
        ... def clip_gradient(x):
        ...     def grad_fn(upstream):
        ...         return mt.minimum(mt.maximum(upstream, -1.0), 1.0)
        ...     return mt.identity(x), grad_fn
        >>> x = mt.Variable(3.0)
        >>> with mt.GradientTape() as tape:
        ...     y = 10.0 * clip_gradient(x)
        >>> tape.gradient(y, x).numpy()
        np.float32(1.0)
    """
    return custom_gradient if f is None else _Decorated(f, _as_it_is, True)


def recompute_grad(f: Callable) -> Callable:
    """Keep no intermediate value of `f` for the gradient: compute `f` again when it is asked for.

    Takes the time of one more forward pass and saves the memory of everything inside `f`. `f` must
    compute the same each time.

    Source: Chen et al., Training Deep Nets with Sublinear Memory Cost (2016), arXiv:1604.06174.
    """
    return _Decorated(f, _recomputing, False)


def grad_pass_through(f: Callable) -> Callable:
    """Compute `f`, and hand the gradient through as if `f` returned its arguments.

    The straight-through estimator, for steps that have no gradient of their own such as rounding.
    Variables inside `f` get none.

    Source: Bengio et al., Estimating or Propagating Gradients Through Stochastic Neurons (2013),
    arXiv:1308.3432.
    """
    return _Decorated(f, _passing_through, True)


def _as_it_is(f: Callable) -> Callable:
    return f


def _recomputing(f: Callable) -> Callable:
    def forward(*args: Any, **kwargs: Any) -> tuple:
        def grad_fn(*upstream: Any, variables: Sequence[Variable] = ()) -> Any:
            with GradientTape(watch_accessed_variables=False) as tape:
                copies = [identity(x) if isinstance(x, Operand) else x for x in nest.flatten(args)]
                sources = [x for x in copies if isinstance(x, Operand)]
                tape.watch([*sources, *variables])
                again = f(*nest.pack_sequence_as(args, copies), **kwargs)
            found = tape.gradient(nest.flatten(again), [*sources, *variables], list(upstream))
            left = iter(found)
            grads = [next(left) if isinstance(x, Operand) else None for x in copies]
            return (grads, list(left)) if variables else grads

        return f(*args, **kwargs), grad_fn

    return forward


def _passing_through(f: Callable) -> Callable:
    def forward(*args: Any, **kwargs: Any) -> tuple:
        def grad_fn(*upstream: Any, variables: Sequence[Variable] = ()) -> Any:
            return (upstream, [None] * len(variables)) if variables else upstream

        return f(*args, **kwargs), grad_fn

    return forward


class _Decorated:
    """A function with its own gradient; as a method it is bound before it is called.

    `with_gradient` turns the learner's function into one that returns (result, grad_fn). With
    `keep`, the ops inside it stay within reach of higher derivatives.
    """

    def __init__(
        self, function: Callable, with_gradient: Callable, keep: bool, op: CustomOp | None = None
    ):
        update_wrapper(self, function)
        self._function, self._with_gradient, self._keep = function, with_gradient, keep
        self._op = CustomOp(function) if op is None else op

    def __get__(self, instance: Any, owner: Any = None) -> _Decorated:
        if instance is None:
            return self
        bound = self._function.__get__(instance, owner)
        return _Decorated(bound, self._with_gradient, self._keep, self._op)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _Call(self._op, self._keep).run(self._with_gradient(self._function), args, kwargs)


class _Call:
    """One call: what goes in and comes out, and how gradients come back."""

    def __init__(self, op: CustomOp, keep: bool):
        self.op, self.keep = op, keep
        self.stopped: set[int] = set()

    def run(self, forward: Callable, args: tuple, kwargs: dict) -> Any:
        """Call the function and record the call as one node; its result."""
        arguments = nest.flatten(args)
        self.count = len(arguments)
        tensors = [_as_tensor(x) for x in arguments]
        inside = _Inside(state.tapes, self.keep)
        later = isinstance(state.interpreter, Tracer)
        state.tapes = (*state.tapes, inside) if later else (inside,)
        try:
            result, self.grad_fn = self._pair(forward(*args, **kwargs))
            results = [convert_to_tensor(x) for x in nest.flatten(result)]
        finally:
            state.tapes = inside.outer
        self.inner = inside.nodes
        self.variables = [v for v in inside.variables if all(v is not x for x in arguments)]
        self._check_variables_are_taken()
        self.places = [i for i, x in enumerate(tensors) if x is not None]
        self.inputs = [*[tensors[i] for i in self.places], *[v.value() for v in self.variables]]
        return nest.pack_sequence_as(result, self._record(results))

    def _record(self, results: list[Tensor]) -> Sequence:
        """The results as tensors of their own, made by one node from the inputs."""
        if isinstance(state.interpreter, Tracer):
            return self._write(results)
        specs = [Spec(tuple(x.shape), x._array.dtype) for x in results]
        op = self.op.of_call(self._rule, specs, self.stopped)
        origin = learners_line(self.op)
        outputs = [Tensor(x._array, x._device) for x in results]
        for out in outputs:
            out._origin = origin
        if state.tapes:
            record(
                Node(op, tuple(self.inputs), NO_ATTRS, tuple(outputs), None, state.scope, origin)
            )
        return outputs

    def _write(self, results: list) -> Sequence:
        """The results in a trace: a node that knows the graph of `grad_fn`.

        The graph is traced now, while the values that `grad_fn` refers to belong to this trace.
        """
        gives: list[int] = []

        def back(*upstream: Any) -> list:
            found = self._pull_back(upstream)
            gives.extend(i for i, g in enumerate(found) if g is not None)
            return [g.to_dense() if isinstance(g, IndexedSlices) else g
                    for g in found if g is not None]  # fmt: skip

        specs = [spec_of(x) for x in results]
        try:
            graph = trace(back, specs, f"{self.op.name}_gradient", kind="body")
        except Exception as error:  # matters only where a gradient is asked for
            failure: Exception | None = error
            graphs, needs = [], []
        else:
            failure = None
            graphs, needs, _ = close([graph])
        op = TracedCustomOp(self.op, graphs, len(self.inputs), len(results), gives, failure)
        made = state.interpreter.apply(op, (*self.inputs, *results, *needs), NO_ATTRS)
        return made if isinstance(made, tuple) else [made]

    def _rule(self, xp: Any, g: Any, out: Any, *values: Any) -> tuple:
        """`grad_fn(g)`: what the function returned along with its result."""
        upstream = g if isinstance(g, tuple) else (g,)
        if xp is ops:
            self._show_inside()
            return tuple(self._pull_back(upstream))
        found = self._pull_back([Tensor(x) for x in upstream])
        return tuple(_as_arrays(x) for x in found)

    def _show_inside(self) -> None:
        """Record the ops inside on the active tapes, so that `grad_fn` can be differentiated."""
        for tape in state.tapes:
            for node in self.inner if tape.watching else ():
                known = tape.known
                leads = isinstance(tape, _Inside) or any(id(x) in known for x in node.inputs)
                if leads and id(node.outputs[0]) not in known:
                    tape.record(node)

    def _pull_back(self, upstream: Sequence[Tensor]) -> list:
        """One checked gradient, or None, for each input and variable."""
        if self.variables:
            returned = self.grad_fn(*upstream, variables=self.variables)
            if not isinstance(returned, (list, tuple)) or len(returned) != 2:
                raise self._error(
                    "grad_fn returning no pair", "it must return gradients for the arguments and "
                    "a list with gradients for the variables",
                    "a function that uses variables returns two things from grad_fn",
                    "return gradients, [one per variable]", ArgumentError)  # fmt: skip
            gradients, of_variables = nest.flatten(returned[0]), list(returned[1])
        else:
            gradients, of_variables = nest.flatten(self.grad_fn(*upstream)), []
        if len(gradients) != self.count:
            raise self._error(
                f"{len(gradients)} gradients", f"custom_gradient function expected to return "
                f"{self.count} gradients, but returned {len(gradients)} instead",
                "grad_fn returns one gradient for each argument of the function, None where there "
                "is none", "compare its return with the function's arguments")  # fmt: skip
        if len(of_variables) != len(self.variables):
            raise self._error(
                f"{len(of_variables)} gradients for {len(self.variables)} variables",
                "Must return gradient for each variable from @custom_gradient grad_fn",
                "grad_fn returns gradients, [one per variable]",
                "return None where there is none")  # fmt: skip
        wanted = [*[gradients[place] for place in self.places], *of_variables]
        return [
            self._checked(g, x, i) for i, (g, x) in enumerate(zip(wanted, self.inputs, strict=True))
        ]

    def _checked(self, g: Any, x: Tensor, index: int) -> Any:
        """A gradient as a tensor of the dtype of its input, and of a shape that sums down to it."""
        if g is None:
            self.stopped.add(index)
        if g is None or isinstance(g, IndexedSlices) or not x.dtype.is_differentiable:
            return g if isinstance(g, IndexedSlices) else None
        g = convert_to_tensor(g, None if isinstance(g, Operand) else x.dtype)
        if not _fits(x.shape, g.shape) or g.dtype is not x.dtype:
            raise self._error(
                f"gradient {index} of shape {g.shape} and dtype {g.dtype.name}",
                f"its argument has shape {x.shape} and dtype {x.dtype.name}",
                "a gradient has the shape and dtype of what it belongs to",
                "mt.broadcast_to(g, x.shape) repeats one number, mt.cast(g, x.dtype) "
                "converts")  # fmt: skip
        return g

    def _pair(self, returned: Any) -> tuple:
        if isinstance(returned, (tuple, list)) and len(returned) == 2 and callable(returned[1]):
            return tuple(returned)
        raise self._error(
            f"{type(returned).__name__} from the function", "it is not a pair of a result and a "
            "function", "a function with its own gradient returns result, grad_fn",
            "return y, grad_fn where grad_fn(upstream) gives the gradient of each argument",
            ArgumentError)  # fmt: skip

    def _check_variables_are_taken(self) -> None:
        if not self.variables:
            return
        parameters = signature(self.grad_fn).parameters.values()
        if any(p.name == "variables" or p.kind is p.VAR_KEYWORD for p in parameters):
            return
        names = [v.name for v in self.variables]
        raise self._error(
            f"a function that reads the variables {names}", "@tf.custom_gradient grad_fn must "
            "accept keyword argument 'variables', since function uses variables: "
            f"{self.variables}",
            "variables that are no arguments get their gradients from grad_fn too",
            "def grad_fn(upstream, variables=None): … return gradients, [one per variable]; or "
            "pass the variables as arguments", ArgumentError)  # fmt: skip

    def _error(
        self, given: str, fault: str, rule: str, fix: str, error: type = InvalidArgumentError
    ) -> Exception:
        return error(message(f"custom_gradient of {self.op.name}", given, fault, rule, fix))


class _Inside:
    """Takes the tapes' place while a function runs: keeps its ops and the variables it reads."""

    def __init__(self, outer: tuple, keep: bool):
        self.outer = outer
        self.watching = keep and any(tape.watching for tape in outer)
        self.known: dict[int, Any] = {}
        self.nodes: list[Node] = []
        self.variables: list[Variable] = []

    def record(self, node: Node) -> None:
        """Keep an op."""
        if self.watching:
            self.nodes.append(node)
            self.known |= {id(out): out for out in node.outputs}

    def overlook(self, node: Node) -> None:
        """Keep an op, also one that depends on nothing known."""
        self.record(node)

    def read(self, variable: Variable, tensor: Tensor) -> None:
        """Keep the reading of a variable."""
        if variable.trainable and all(v is not variable for v in self.variables):
            self.variables.append(variable)
        self.record(Node(read_variable, (variable,), NO_ATTRS, (tensor,), None, "", None))

    def detour(self, tensor: Tensor) -> None:
        """Trips through numpy are nobody's business where the gradient is given."""

    def assigned(self, variable: Variable, tensor: Tensor) -> None:
        """Tell the tapes outside that a variable was written."""
        for tape in self.outer:
            tape.assigned(variable, tensor)


def _fits(shape: Any, sizes: Any) -> bool:
    """Whether a gradient of these sizes sums down to a shape."""
    if None in (shape.rank, sizes.rank):
        return True
    last = tuple(sizes)[len(sizes) - len(shape) :]
    return len(sizes) >= len(shape) and all(
        a in (b, 1) or None in (a, b) for a, b in zip(shape, last, strict=True)
    )


def _as_tensor(x: Any) -> Tensor | None:
    """An argument as a tensor; None for what cannot be one, such as None or an object."""
    try:
        return convert_to_tensor(x)
    except InvalidArgumentError:
        return None


def _as_arrays(g: Any) -> Any:
    if isinstance(g, IndexedSlices):
        return IndexedSlices(g.values._array, g.indices._array, g.dense_shape)
    return None if g is None else g._array
