"""That nothing bad gets past the engine, whatever is passed in.

Every wrong call ends in one five-part error of the promised class, never in an error from inside
numpy or the engine, and leaves everything as it was.
"""

from __future__ import annotations

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import (
    ArgumentError,
    OpError,
    ResourceExhaustedError,
)
from minitensor.op import REGISTRY

X = mt.constant([[1.0, 2.0], [3.0, 4.0]])


def raised(error: type, call) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


NOT_ATTRIBUTES = [None, -100, 1.5, "x", (), (0, 0), (-1, -1), object(), {"a": 1}, float("nan"),
                  10**30, ((1,),), (None,), mt.float32]  # fmt: skip


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_whatever_an_attribute_is_an_op_computes_or_gives_one_lesson(name):
    op = REGISTRY[name]
    rng = np.random.default_rng(0)
    arrays, attrs = next(iter(op.samples(rng)))
    inputs = [mt.constant(a) for a in map(np.asarray, arrays)]
    before = [x.numpy() for x in inputs]
    messages = []
    for key in op.attr_names:
        for value in NOT_ATTRIBUTES:
            try:
                call = {**attrs, key: value}
                op(inputs, **call) if op.variadic else op(*inputs, **call)
            except OpError as error:
                messages.append(str(error))
    assert [text for text in messages if "got " not in text or "To fix it: " not in text] == []
    for x, old in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x.numpy(), old)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: mt.reduce_sum(X, axis=1.5), ArgumentError,
         "reduce_sum: got shape (2, 2) float32, axis=1.5. The argument axis=1.5 cannot be used "
         "('float' object cannot be interpreted as an integer). The call is reduce_sum("
         "input_tensor, axis=None, keepdims=False, name=None). To fix it: compare with it."),
        (lambda: mt.ones([2**50]), ResourceExhaustedError, "Inputs and result must fit"),
        (lambda: mt.reshape(X, "ab"), ArgumentError, "The argument shape='ab' cannot be used"),
    ],
)  # fmt: skip
def test_errors_of_python_and_numpy_become_lessons(call, error, text):
    assert text in raised(error, call)


def test_an_error_of_the_learners_own_function_stays_hers():
    assert raised(KeyError, lambda: mt.py_function(lambda x: {}["k"], [X], mt.float32)) == "'k'"
