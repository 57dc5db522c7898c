"""Ordinary TensorFlow 2 teaching code, cell by cell: it runs unchanged, and prints the same.

The cells stand here as a notebook has them. Each runs in one namespace, in order; what it prints
and what its last line shows are compared with what TensorFlow 2.21 prints.
"""

from __future__ import annotations

import ast
from typing import Any

import pytest

SETUP = """\
import minitensor as tf
import numpy as np
"""

FUNCTIONS = """\
def func1(a,b):
    print('Eager1: ',tf.executing_eagerly())
    return tf.add(a,b) # if you don't use any tf ops, a graph will not be built

@tf.function # this function and the ones it calls will be run in graph mode
def func2(a,b):
    with tf.name_scope("Linear_function"): # name scopes help group ops visually in tensorboard
        result = tf.add(b,func1(a,b))
    
    print('Inside2: ',a,b,result)
    print('Eager2: ',tf.executing_eagerly())
    
    return result

res = func2(1,2)
# print(tf.autograph.to_code(func2.python_function))
res
"""  # noqa: W293

AGAIN = """\
res = func2(3,5)
res
"""

GRADIENTS = """\
# y = ax + b

x = tf.Variable(5.0, name='x')

def calculate(a,b):

    with tf.GradientTape() as tape: # to calculate gradients you need variables and this tape
        y = a*x + b
    dydx = tape.gradient(y, [x])
    return x,y,dydx
    

x_val,y_val,dydx_val = calculate(5,10)
print('x=',x_val)
print('y=',y_val)
print('dydx=',dydx_val)
"""  # noqa: W293

JACOBIAN = """\
with tf.GradientTape() as g:
    x  = tf.constant([1.0, 2.0])
    g.watch(x)
    y = x * x
jacobian = g.jacobian(y, x)
y, jacobian
"""

DEVICES = """\
from minitensor import device_lib


[x.name for x in  device_lib.list_local_devices()]
"""

TRACED = """\
Eager1:  False
Inside2:  {} {} Tensor("Linear_function/Add_1:0", shape=(), dtype=int32)
Eager2:  False
"""

CELLS = [
    (DEVICES, "", None),
    (FUNCTIONS, TRACED.format(1, 2), "<tf.Tensor: shape=(), dtype=int32, numpy=5>"),
    (AGAIN, TRACED.format(3, 5), "<tf.Tensor: shape=(), dtype=int32, numpy=13>"),
    (AGAIN, "", "<tf.Tensor: shape=(), dtype=int32, numpy=13>"),
    (
        GRADIENTS,
        "x= <tf.Variable 'x:0' shape=() dtype=float32, numpy=5.0>\n"
        "y= tf.Tensor(35.0, shape=(), dtype=float32)\n"
        "dydx= [<tf.Tensor: shape=(), dtype=float32, numpy=5.0>]\n",
        None,
    ),
    (
        JACOBIAN,
        "",
        "(<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 4.], dtype=float32)>, "
        "<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\narray([[2., 0.],\n       [0., 4.]], "
        "dtype=float32)>)",
    ),
]


def run(cell: str, namespace: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression."""
    *lines, last = ast.parse(cell).body
    if not isinstance(last, ast.Expr):
        lines.append(last)
    exec(compile(ast.Module(lines, []), "<cell>", "exec"), namespace)
    if isinstance(last, ast.Expr) and lines[-1] is not last:
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return None


def test_the_cells_run_unchanged(capsys: pytest.CaptureFixture) -> None:
    namespace: dict[str, Any] = {}
    run(SETUP, namespace)
    for cell, printed, shown in CELLS:
        value = run(cell, namespace)
        assert capsys.readouterr().out == printed
        if shown is not None:
            assert repr(value) == shown
        elif cell is DEVICES:
            assert value[0] == "/device:CPU:0"
