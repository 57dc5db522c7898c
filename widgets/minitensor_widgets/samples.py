"""Hand-made records, small enough to check by head: for tests, demonstrations and the harness.

Each function returns the dict of a GraphView or StepsView as `minitensor.views` would make it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Numbers = float | Sequence["Numbers"]
HOSTILE = (
    "<img onerror=alert(1) src=x>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "]]>--><svg onload=alert(1)>",
    "\"' onfocus=alert(1) & \u2028 \u202e \x00",
)


def _flat(numbers: Numbers) -> list[float]:
    if isinstance(numbers, Sequence):
        return [leaf for part in numbers for leaf in _flat(part)]
    return [numbers]


def _shape(numbers: Numbers) -> list[int]:
    return [len(numbers), *_shape(numbers[0])] if isinstance(numbers, Sequence) else []


def _text(numbers: Numbers) -> Any:
    return [_text(part) for part in numbers] if isinstance(numbers, Sequence) else f"{numbers:.4g}"


def value(numbers: Numbers) -> dict:
    """The ValueView of a nested list of numbers: text up to 64 of them, a heat map of a matrix.

    Example:
        >>> value(3.0)["text"], value([[1.0, 2.0]])["shape"]
        (['3'], [1, 2])
    """
    flat = _flat(numbers)
    known = [number for number in flat if math.isfinite(number)]
    shape = _shape(numbers)
    text = _text(numbers) if len(flat) <= 64 else []
    return {
        "shape": shape,
        "dtype": "float32",
        "text": [text] if isinstance(text, str) else text,
        "heat": numbers if len(shape) == 2 and len(flat) > 4 else [],
        "minimum": min(known, default=None),
        "mean": sum(known) / len(known) if known else None,
        "maximum": max(known, default=None),
        "zeros": flat.count(0.0) / len(flat),
        "nans": sum(map(math.isnan, flat)) / len(flat),
    }


def node(name: str, label: str, kind: str, numbers: Numbers | None = None, **fields: Any) -> dict:
    """A NodeView; shape and value come from `numbers`."""
    return {
        "id": name, "label": label, "kind": kind, "output": False, "scope": "", "dtype": "float32",
        "shape": [] if numbers is None else _shape(numbers), "op": label if kind == "op" else "",
        "doc": "", "rule": [], "attrs": {}, "source": None,
        "value": None if numbers is None else value(numbers), **fields,
    }  # fmt: skip


def edge(
    source: str, target: str, slot: int = 0, shape: Sequence[int | None] | None = None
) -> dict:
    """An EdgeView of float32 numbers."""
    return {
        "source": source, "target": target, "shape": shape or [], "dtype": "float32", "slot": slot,
    }  # fmt: skip


def line(number: int, text: str) -> dict:
    """The SourceView of a line in a lesson."""
    return {"file": "lesson cell", "line": number, "text": text}


def graph(title: str, nodes: list[dict], edges: list[dict], note: str = "") -> dict:
    """A GraphView recorded by a tape."""
    return {
        "version": 1, "title": title, "kind": "tape", "nodes": nodes, "edges": edges, "note": note,
    }  # fmt: skip


def step(phase: str, at: str, title: str, text: str, **fields: Any) -> dict:
    """A StepView; what is not given is empty."""
    return {
        "phase": phase, "node": at, "title": title, "rule": "", "source": None, "value": None,
        "upstream": None, "sends": [], "text": text, **fields,
    }  # fmt: skip


def send(to: str, rule: str, numbers: str, sent: Numbers, after: Numbers, **fields: Any) -> dict:
    """A SendView; without `before` it is the first contribution, of `expected` in all."""
    return {
        "to": to, "rule": rule, "rule_numbers": numbers, "raw": None, "unbroadcast": "",
        "value": value(sent), "before": None, "after": value(after), "arrived": 1, "expected": 1,
        **fields,
    }  # fmt: skip


def scalar_steps() -> dict:
    """The backward pass of y = a * b + sin(a) at a = 2, b = 3: `a` gets two contributions."""
    cosine = math.cos(2.0)
    source = line(3, "y = a * b + tf.sin(a)")
    nodes = [
        node("n0", "a", "variable", 2.0, source=line(1, "a = tf.Variable(2.0)")),
        node("n1", "b", "variable", 3.0, source=line(2, "b = tf.Variable(3.0)")),
        node("n2", "multiply", "op", 6.0, rule=["g * b", "g * a"], source=source,
             doc="Multiply two tensors element by element."),
        node("n3", "sin", "op", math.sin(2.0), rule=["g * cos(x)"], source=source,
             doc="Sine of an angle in radians."),
        node("n4", "add", "op", 6.0 + math.sin(2.0), rule=["g", "g"], source=source, output=True,
             doc="Add two tensors element by element."),
    ]  # fmt: skip
    edges = [
        edge("n0", "n2"), edge("n1", "n2", 1), edge("n0", "n3"), edge("n2", "n4"),
        edge("n3", "n4", 1),
    ]  # fmt: skip
    forward = [
        step("forward", n["id"], f"forward {n['label']}", f"{n['label']} gives {v}.",
             value=n["value"], source=source)
        for n, v in zip(nodes[2:], ("6", "0.9093", "6.909"), strict=True)
    ]  # fmt: skip
    backward = [
        step("seed", "n4", "seed", "Start: the gradient of add with respect to itself is 1.",
             upstream=value(1.0)),
        step("backward", "n4", "backward through add",
             "add passes g = 1 on to multiply and to sin.",
             rule="g, g", source=source, upstream=value(1.0),
             sends=[send("n2", "g", "1", 1.0, 1.0), send("n3", "g", "1", 1.0, 1.0)]),
        step("backward", "n3", "backward through sin",
             "sin sends g times cos(x) = -0.4161 to a: 1 of 2 contributions.",
             rule="g * cos(x)", source=source, upstream=value(1.0),
             sends=[send("n0", "g * cos(x)", "1 × -0.4161", cosine, cosine, expected=2)]),
        step("backward", "n2", "backward through multiply",
             "multiply sends 3 to a, which now has -0.4161 + 3 = 2.584, and 2 to b.",
             rule="g * b, g * a", source=source, upstream=value(1.0),
             sends=[send("n0", "g * b", "1 × 3", 3.0, 3.0 + cosine, before=value(cosine),
                         arrived=2, expected=2),
                    send("n1", "g * a", "1 × 2", 2.0, 2.0)]),
        step("result", "n0", "gradient of a", "The gradient of add with respect to a is 2.584.",
             value=value(3.0 + cosine)),
        step("result", "n1", "gradient of b", "The gradient of add with respect to b is 2.",
             value=value(2.0)),
    ]  # fmt: skip
    return {
        "version": 1, "graph": graph("y = a * b + sin(a)", nodes, edges),
        "steps": forward + backward, "target": "n4", "sources": ["n0", "n1"],
    }  # fmt: skip


def _matmul_graph() -> dict:
    """The graph of sum(x @ w + b)."""
    x = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    w = [[1.0, -1.0], [0.5, 2.0], [-2.0, 0.0]]
    b = [0.1, -0.2]
    source = line(5, "loss = tf.reduce_sum(x @ w + b)")
    nodes = [
        node("n0", "x", "input", x),
        node("n1", "w", "variable", w, scope="dense"),
        node("n2", "b", "variable", b, scope="dense"),
        node("n3", "matmul", "op", [[-4.0, 3.0], [-5.5, 6.0]], scope="dense",
             rule=["g @ bᵀ", "aᵀ @ g"], doc="Matrix product of the last two axes.", source=source),
        node("n4", "add", "op", [[-3.9, 2.8], [-5.4, 5.8]], scope="dense", rule=["g", "g"],
             source=source),
        node("n5", "loss", "op", -0.7, op="reduce_sum", rule=["g spread over a"], output=True,
             attrs={"axis": "None", "keepdims": "False"}, source=source),
    ]  # fmt: skip
    edges = [
        edge("n0", "n3", 0, [2, 3]), edge("n1", "n3", 1, [3, 2]), edge("n3", "n4", 0, [2, 2]),
        edge("n2", "n4", 1, [2]), edge("n4", "n5", 0, [2, 2]),
    ]  # fmt: skip
    return graph("loss = sum(x @ w + b)", nodes, edges)


def matmul_steps() -> dict:
    """The backward pass of sum(x @ w + b): the bias was broadcast, so its gradient is summed."""
    ones = [[1.0, 1.0], [1.0, 1.0]]
    w_gradient = [[5.0, 5.0], [7.0, 7.0], [9.0, 9.0]]
    source = line(5, "loss = tf.reduce_sum(x @ w + b)")
    drawn = _matmul_graph()
    forward = [
        step("forward", n["id"], f"forward {n['op']}", f"{n['op']} is computed.",
             value=n["value"], source=source)
        for n in drawn["nodes"][3:]
    ]  # fmt: skip
    backward = [
        step("seed", "n5", "seed", "Start with 1.", upstream=value(1.0)),
        step("backward", "n5", "backward through reduce_sum",
             "reduce_sum spreads g over all of its input.", rule="g spread over a",
             upstream=value(1.0), sends=[send("n4", "g", "()", ones, ones)], source=source),
        step("backward", "n4", "backward through add",
             "add passes g on; the share of b is summed next.", rule="g, g",
             upstream=value(ones), source=source,
             sends=[send("n3", "g", "(2, 2)", ones, ones),
                    {**send("n2", "g", "(2, 2)", ones, ones,
                            unbroadcast="sum over axis 0: (2, 2) → (2,)"), "after": None}]),
        step("unbroadcast", "n4", "undo the broadcast of b",
             "b was used for every row, so what the rows send is summed over axis 0.",
             source=source,
             sends=[send("n2", "g", "(2, 2)", [2.0, 2.0], [2.0, 2.0], raw=value(ones),
                         unbroadcast="sum over axis 0: (2, 2) → (2,)")]),
        step("backward", "n3", "backward through matmul", "matmul sends xᵀ @ g to w.",
             rule="g @ bᵀ, aᵀ @ g", upstream=value(ones), source=source,
             sends=[send("n1", "aᵀ @ g", "(3, 2) @ (2, 2)", w_gradient, w_gradient)]),
        step("result", "n1", "gradient of w", "The gradient of w is ready.",
             value=value(w_gradient)),
        step("result", "n2", "gradient of b", "b is ready.", value=value([2.0, 2.0])),
    ]  # fmt: skip
    return {
        "version": 1, "graph": drawn,
        "steps": forward + backward, "target": "n5", "sources": ["n1", "n2"],
    }  # fmt: skip


def _dense(nodes: list[dict], edges: list[dict], scope: str, entering: str) -> str:
    """Append matmul, add and relu with their two variables; return the id of what leaves."""
    names = {key: f"n{len(nodes) + i}" for i, key in enumerate(("w", "b", "mul", "add", "act"))}
    place = {"scope": scope, "source": line(len(nodes), "x = layer(x)")}
    nodes += [
        node(names["w"], "kernel", "variable", **{**place, "shape": [64, 64]}),
        node(names["b"], "bias", "variable", **{**place, "shape": [64]}),
        node(names["mul"], "matmul", "op", **{**place, "shape": [None, 64]}),
        node(names["add"], "add", "op", **{**place, "shape": [None, 64]}),
        node(names["act"], "relu", "op", **{**place, "shape": [None, 64]}),
    ]
    edges += [
        edge(entering, names["mul"], 0, [None, 64]), edge(names["w"], names["mul"], 1, [64, 64]),
        edge(names["mul"], names["add"], 0, [None, 64]), edge(names["b"], names["add"], 1, [64]),
        edge(names["add"], names["act"], 0, [None, 64]),
    ]  # fmt: skip
    return names["act"]


def scoped_graph(blocks: int = 18) -> dict:
    """A residual network in three levels of scopes; 18 blocks make 200 nodes."""
    nodes = [node("n0", "x", "input", shape=[None, 64])]
    edges: list[dict] = []
    last = "n0"
    for block in range(blocks):
        scope = f"net/block{block}"
        inner = _dense(nodes, edges, f"{scope}/first", last)
        inner = _dense(nodes, edges, f"{scope}/second", inner)
        name = f"n{len(nodes)}"
        nodes.append(node(name, "residual", "op", op="add", scope=scope, shape=[None, 64]))
        edges += [edge(last, name, 0, [None, 64]), edge(inner, name, 1, [None, 64])]
        last = name
    nodes.append(node(f"n{len(nodes)}", "loss", "op", op="reduce_mean", output=True))
    edges.append(edge(last, nodes[-1]["id"], 0, [None, 64]))
    return {**graph("residual network", nodes, edges), "kind": "function"}


def signs() -> dict:
    """A graph with every sign of a line, of a difference, and of a missing gradient."""
    nodes = [
        node("a", "a", "input", shape=[3], no_grad="the dtype is int32"),
        node("w", "w", "variable", shape=[3], change="added"),
        node("v", "v", "variable", shape=[3], change="removed"),
        node("s", "sum", "op", op="add", shape=[3], output=True, scope="net", change="changed",
             changes=["axis: 0 → 1"]),
    ]  # fmt: skip
    edges = [
        {**edge("a", "s", 0, [3]), "dtype": "int32", "marks": ["broadcast"]},
        {**edge("w", "s", 1, [3]), "marks": ["view", "in place"]},
        {**edge("v", "s", 2, [3]), "marks": ["next round"]},
    ]
    return graph("signs", nodes, edges)


def repeated_blocks(count: int = 3) -> dict:
    """Blocks alike, held together in a scope of their own."""
    path = f"net/block ×{count}"
    nodes = [
        node(f"{name}{i}", name, "op", scope=f"{path}/block{i}/cell", op="add")
        for i in range(count)
        for name in "ab"
    ]
    members = [f"block{i}" for i in range(count)]
    series = [{"label": f"block ×{count}", "path": path, "members": members}]
    return {**graph("blocks", nodes, []), "series": series, "closed": [path]}


def shared_leaf(users: int) -> dict:
    """A chain of multiplications that all use one constant, in scopes of five."""
    nodes = [node("x", "x", "input", shape=[3]), node("k", "scale", "constant")]
    edges: list[dict] = []
    for i in range(users):
        scope = f"part{i // 5}"
        nodes.append(node(f"m{i}", f"mul_{i}", "op", op="multiply", shape=[3], scope=scope))
        edges += [edge(f"m{i - 1}" if i else "x", f"m{i}", 0, [3]), edge("k", f"m{i}", 1)]
    return graph("scaled", nodes, edges)


def hostile_steps() -> dict:
    """A backward pass in which every string a user could choose tries to be markup."""
    record = scalar_steps()
    bad = iter(HOSTILE * 40)
    for item in record["graph"]["nodes"]:
        item.update(label=next(bad), scope=next(bad), doc=next(bad), dtype=next(bad),
                    rule=[next(bad)], attrs={next(bad): next(bad)},
                    source={"file": next(bad), "line": 1, "text": next(bad)})  # fmt: skip
    record["graph"].update(title=HOSTILE[0], note=HOSTILE[1])
    for taken in record["steps"]:
        taken.update(title=next(bad), rule=next(bad), text=next(bad))
        for part in taken["sends"]:
            part.update(rule=next(bad), rule_numbers=next(bad), unbroadcast=next(bad))
            part["value"].update(text=[next(bad)], dtype=next(bad))
    return record


def cache() -> dict:
    """The TracesView of a function called with two shapes and a Python number."""
    return {
        "version": 1, "title": "scale", "note": "",
        "calls": 7, "hits": 4, "misses": 3, "bytes": 5_120,
        "traces": [
            trace(1, [("x", "float32[2]"), ("k", "int 3")], 3, 1_024),
            trace(
                2, [("x", "float32[5]"), ("k", "int 3")], 1, 1_024,
                differs=[{"argument": "x", "before": "float32[2]", "now": "float32[5]"}],
                fix="use reduce_retracing=True, or input_signature with the size None",
            ),
            trace(
                3, [("x", "float32[5]"), ("k", "int 4")], 0, 3_072,
                differs=[{"argument": "k", "before": "int 3", "now": "int 4"}],
                fix="pass a tensor: mt.constant(4)",
            ),
        ],
    }  # fmt: skip


def trace(
    number: int, signature: Sequence[tuple[str, str]], hits: int, size: int, **fields: Any
) -> dict:
    """A TraceView; what is not given is empty."""
    arguments = [{"name": name, "text": text} for name, text in signature]
    return {
        "number": number, "signature": arguments, "calls": hits + 1, "hits": hits,
        "seconds": 0.0012 * number, "nodes": 2, "bytes": size, "differs": [], "fix": "", **fields,
    }  # fmt: skip


def optimised() -> dict:
    """The PassesView of `(x * x) * (x * x) + log(exp(2))`: equal parts merged, constants folded."""
    title = "f(x: float32[4])"
    x, two = node("n0", "x", "input", shape=[4]), node("n1", "2", "constant", 2.0)

    def op(name: str, label: str, kind: str, **fields: Any) -> dict:
        return node(name, label, "op", shape=[4], op=kind, **fields)

    traced = graph(title, [
        x, op("n2", "mul", "multiply"), op("n3", "mul_1", "multiply"),
        op("n4", "mul_2", "multiply"), two, {**op("n5", "Exp", "exp"), "shape": []},
        op("n6", "add", "add", output=True),
    ], [
        edge("n0", "n2", 0, [4]), edge("n0", "n2", 1, [4]), edge("n0", "n3", 0, [4]),
        edge("n0", "n3", 1, [4]), edge("n2", "n4", 0, [4]), edge("n3", "n4", 1, [4]),
        edge("n1", "n5"), edge("n4", "n6", 0, [4]), edge("n5", "n6", 1),
    ], "5 operations of a traced function")  # fmt: skip
    merged = {**traced, "nodes": [n for n in traced["nodes"] if n["id"] != "n3"], "edges": [
        edge("n0", "n2", 0, [4]), edge("n0", "n2", 1, [4]), edge("n2", "n4", 0, [4]),
        edge("n2", "n4", 1, [4]), edge("n1", "n5"), edge("n4", "n6", 0, [4]), edge("n5", "n6", 1),
    ]}  # fmt: skip
    folded = {**merged, "nodes": [
        x, op("n2", "mul", "multiply"), op("n4", "mul_2", "multiply"),
        node("n1", "7.389", "constant", 7.389), op("n6", "add", "add", output=True),
    ], "edges": [
        edge("n0", "n2", 0, [4]), edge("n0", "n2", 1, [4]), edge("n2", "n4", 0, [4]),
        edge("n2", "n4", 1, [4]), edge("n4", "n6", 0, [4]), edge("n1", "n6", 1),
    ]}  # fmt: skip
    for item in (traced, merged, folded):
        item["kind"] = "function"
    steps = [("traced", traced, 5, 5, 0, 0, []),
             ("merge equal", merged, 5, 4, 48, 4, ["mul_1: multiply"]),
             ("fold constants", folded, 4, 3, 8, 1, ["Exp: exp"])]  # fmt: skip
    source = "def f(x):\n    multiply(x, x, out=m0)\n    multiply(m0, m0, out=m0)\n"
    return {
        "version": 1, "title": title, "note": "", "source": source + "    return add(m0, c0)\n",
        "passes": [
            {"name": name, "summary": f"{before} → {after} nodes", "graph": drawn,
             "nodes_before": before, "nodes_after": after, "bytes_saved": bytes_,
             "operations_saved": done, "picture": "", "added": [], "removed": gone}
            for name, drawn, before, after, bytes_, done, gone in steps
        ],
    }  # fmt: skip
