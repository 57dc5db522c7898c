"""From a function's syntax tree to one in which control flow is calls: malt's passes, and ours.

malt (`diastatic-malt`) is TensorFlow's AutoGraph without TensorFlow. Its converters turn
`if x > 0: …` into `ag__.if_stmt(x > 0, if_body, else_body, …)` and a call `f(x)` into
`ag__.converted_call(f, (x,), …)`; what those names do is decided by whoever supplies `ag__` to the
generated code. That is the hook that minitensor uses: nothing in malt is changed, so that another
user of it in the same process does not notice. Only this module imports malt, and it is imported
when the first function is converted.
"""

from __future__ import annotations

import ast
import importlib.util  # malt uses it without importing it
from collections import ChainMap
from collections.abc import Callable
from typing import Any

from minitensor.autograph.experimental import set_loop_options
from minitensor.autograph.source import NoSource, syntax_tree
from minitensor.autograph.spelling import spelled_out
from minitensor.errors import UnavailableError, message

try:
    from malt.converters import (
        break_statements,
        call_trees,
        conditional_expressions,
        continue_statements,
        control_flow,
        directives,
        functions,
        logical_expressions,
        return_statements,
        variables,
    )
    from malt.core import converter, unsupported_features_checker
    from malt.lang import directives as marks
    from malt.pyct import (
        anno,
        cfg,
        errors,
        naming,
        qual_names,
        templates,
        transformer,
    )
    from malt.pyct.static_analysis import (
        activity,
        liveness,
        reaching_definitions,
        reaching_fndefs,
    )
except ImportError as error:
    raise UnavailableError(
        message("autograph", "a function to convert", f"malt cannot be imported ({error})",
                "AutoGraph is the package diastatic-malt",
                "pip install diastatic-malt, or trace with @mt.function(autograph=False)")
    ) from error  # fmt: skip

__all__ = ["ORIGIN", "rewritten"]

assert importlib.util is not None
ORIGIN = anno.Basic.ORIGIN
_NO_FEATURES: Any = ()


def rewritten(function: Callable, *, recursive: bool = True) -> tuple[str, ast.stmt]:
    """A statement that defines the converted form of `function`, and the name it defines.

    Nodes that came from the function carry their place in its file as the annotation `ORIGIN`.

    Raises:
        NoSource: when the source cannot be read, or uses what AutoGraph does not support.
        ValueError: when a directive is misplaced.
    """
    tree = syntax_tree(function)
    _mark_places(tree)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    closure = {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}
    namespace: Any = ChainMap(closure, function.__globals__)
    namer = naming.Namer(namespace)
    label = "lam" if isinstance(tree, ast.Lambda) else tree.name
    name = namer.new_symbol(f"tf__{label}", ())
    options = converter.ConversionOptions(
        recursive=recursive, user_requested=True, optional_features=_NO_FEATURES
    )
    info = transformer.EntityInfo(name, "", "", (), namespace)
    context = transformer.Context(info, namer, converter.ProgramContext(options))
    tree = spelled_out(tree, function, namer.new_symbol)
    try:
        tree = _passes(_without_defaults(tree), context)
    except errors.PyCTError as error:
        raise NoSource(str(error)) from None
    if isinstance(tree, ast.Lambda):
        return name, ast.Assign(targets=[ast.Name(name, ast.Store())], value=tree)
    tree.name = name
    return name, tree


def _passes(node: Any, context: Any) -> Any:
    """The converters of malt in their order, without those that a function has no use for.

    Most of them look at which names each block of the tree as it is reads and writes (`_scopes`).
    """
    unsupported_features_checker.verify(node)
    _name_exceptions(node, lambda name: ast.Name(name, ast.Store()))
    kinds = {type(inner) for inner in ast.walk(node)}
    node = _scopes(node, context)
    if kinds & {ast.For, ast.While}:
        node = _Directives(context).visit(node)
    if ast.Assert in kinds:
        node = _Assertions(context).visit(node)
    if ast.Break in kinds:
        node = _scopes(break_statements.BreakTransformer(context).visit(node), context)
    if kinds & {ast.Break, ast.Continue}:
        steps = continue_statements.ContinueCanonicalizationTransformer(context)
        node = _scopes(steps.visit(node), context)
    node = _with_one_return(node, context)
    node = call_trees.transform(node, context)
    kinds |= {type(inner) for inner in ast.walk(node)}
    if kinds & {ast.If, ast.For, ast.While}:
        node = _with_control_flow(node, context)
    if ast.IfExp in kinds:
        node = conditional_expressions.transform(node, context)
    if kinds & {ast.BoolOp, ast.Not, ast.Compare}:
        node = logical_expressions.transform(node, context)
    node = _Variables(context).visit(node)
    _name_exceptions(node, lambda name: name.id)
    return node


def _name_exceptions(tree: ast.AST, named: Callable) -> None:
    """`except E as e` has a plain string for `e`, where malt looks for a node."""
    handlers: Any = [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.name]
    for handler in handlers:
        handler.name = named(handler.name)


def _with_one_return(node: Any, context: Any) -> Any:
    """Each function in a scope of its own, with a return only at the end."""
    inside = [inner for inner in ast.walk(node) if isinstance(inner, ast.FunctionDef)]
    always = {_place(inner) for inner in inside if _returns(inner)}
    early = any(map(_returns_early, inside))
    node = functions.FunctionTransformer(context).visit(node)
    if early:
        node = return_statements.ConditionalReturnRewriter(context).visit(node)
        steps = return_statements.ReturnStatementsTransformer(context, allow_missing_return=True)
        node = steps.visit(_scopes(node, context))
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef) and _place(inner) in always:
                _expect_return(inner)
    return node


def _place(node: ast.AST) -> tuple:
    """Where a node stands, which survives copying."""
    place: Any = anno.getanno(node, ORIGIN)
    return place


def _scopes(node: Any, context: Any) -> Any:
    return activity.resolve(qual_names.resolve(node), context, None)


def _with_control_flow(node: Any, context: Any) -> Any:
    graphs = cfg.build(node)
    node = _scopes(node, context)
    node = reaching_definitions.resolve(node, context, graphs)
    node = reaching_fndefs.resolve(node, context, graphs)
    node = liveness.resolve(node, context, graphs)
    return _ControlFlow(context).visit(node)


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - reading is the test
    except ValueError:
        return False
    return True


def _mark_places(tree: Any) -> None:
    """Note where each node stands, and which names are the learner's.

    What spans several lines stands where it begins, as all code that is made from it must: Python
    looks for the call of a method that spans lines at its end.
    """
    nodes: Any = ast.walk(tree)
    for node in nodes:
        if hasattr(node, "lineno"):
            start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
            anno.setanno(node, ORIGIN, start + (end if end[0] == start[0] else start))
        if isinstance(node, ast.Name):
            anno.setanno(node, anno.Static.ORIG_DEFINITIONS, ())


def _without_defaults(tree: Any) -> Any:
    """Defaults are taken from the function itself; annotations have no use."""
    none = ast.Constant(None)
    tree.args.defaults = [none for _ in tree.args.defaults]
    tree.args.kw_defaults = [d and none for d in tree.args.kw_defaults]
    given = tree.args
    for a in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if a is not None:
            a.annotation = None
    if isinstance(tree, ast.FunctionDef):
        tree.returns = None
        tree.decorator_list = []
        tree.__dict__["type_params"] = []
    return tree


class _Directives(directives.DirectivesTransformer):
    """Knows minitensor's own `set_loop_options` as malt knows its own, unless a name hides it."""

    def visit_Name(self, node: Any) -> Any:  # noqa: N802
        return _known_mark(super().visit_Name(node))

    def visit_Attribute(self, node: Any) -> Any:  # noqa: N802
        return _known_mark(super().visit_Attribute(node))


def _known_mark(node: Any) -> Any:
    if anno.getanno(node, directives.STATIC_VALUE, default=None) is set_loop_options:
        anno.setanno(node, directives.STATIC_VALUE, marks.set_loop_options)
    return node


class _Assertions(converter.Base):
    """`assert test, text` becomes a call, whatever expression the text is."""

    def visit_Assert(self, node: ast.Assert) -> Any:  # noqa: N802
        text = node.msg or ast.Constant(ast.unparse(node.test))
        return templates.replace("ag__.assert_stmt(test, lambda: text)", test=node.test, text=text)


class _Variables(variables.VariableAccessTransformer):
    """Looks at what is read on the right of `x += y` and `x := y`, too."""

    def visit_NamedExpr(self, node: Any) -> Any:  # noqa: N802
        node.target.ctx = ast.Store()
        node.value = self.visit(node.value)
        return node

    def visit_AugAssign(self, node: Any) -> Any:  # noqa: N802
        node.value = self.visit(node.value)
        return super().visit_AugAssign(node)


class _ControlFlow(control_flow.ControlFlowTransformer):
    """A name that belongs to an outer function or module is read there, so it is an output."""

    def _get_block_vars(self, node: Any, modified: Any) -> Any:
        scope = self.state[control_flow._Function].scope
        live = anno.getanno(node, anno.Static.LIVE_VARS_OUT)
        shared = (scope.nonlocals | scope.globals) & modified
        anno.setanno(node, anno.Static.LIVE_VARS_OUT, frozenset(live | shared))
        return super()._get_block_vars(node, modified)


# A function that returns on every path, or nothing at all, needs no value where it has not yet
# returned: any value of the right type will do there.


def _returns(function: ast.FunctionDef) -> bool:
    """Whether each way through a function ends in a return, or all its returns are bare."""
    values = [n.value for n in _own(function.body) if isinstance(n, ast.Return)]
    bare = all(v is None or (isinstance(v, ast.Constant) and v.value is None) for v in values)
    return bare or _ends(function.body)


def _returns_early(function: ast.FunctionDef) -> bool:
    """Whether a function returns anywhere but in its last statement."""
    found = [n for n in _own(function.body) if isinstance(n, ast.Return)]
    return bool(found) and not (len(found) == 1 and function.body[-1] is found[0])


def _own(body: list) -> list[ast.AST]:
    """The nodes of a body, without those of functions and classes inside it."""
    found, left = [], list(body)
    while left:
        node = left.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            left.extend(ast.iter_child_nodes(node))
    return found


def _ends(body: list) -> bool:
    return any(_is_end(statement) for statement in body)


def _is_end(node: ast.stmt) -> bool:
    """Whether control never goes on after a statement."""
    if isinstance(node, (ast.Return, ast.Raise)):
        return True
    if isinstance(node, ast.If):
        return _ends(node.body) and _ends(node.orelse)
    if isinstance(node, ast.With):
        return _ends(node.body)
    if isinstance(node, ast.Try):
        handled = all(_ends(handler.body) for handler in node.handlers)
        return _ends(node.finalbody) or (_ends([*node.body, *node.orelse]) and handled)
    if isinstance(node, ast.While):
        # `break` has become an assignment and a `continue` here, and the test has changed.
        return isinstance(node.test, ast.Constant) and bool(node.test.value)
    return False


def _expect_return(function: ast.FunctionDef) -> None:
    """Let the value of a function that always returns start as one that is still to come."""
    for node in _own(function.body):
        if isinstance(node, ast.Attribute) and node.attr == "UndefinedReturnValue":
            node.attr = "PendingReturnValue"
