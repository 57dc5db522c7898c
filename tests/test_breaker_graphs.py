"""Traced functions give what eager code gives, leave nothing behind, and share no memory.

Each test holds one thing that once went wrong.
"""

from __future__ import annotations

import numpy as np

import minitensor as mt


def test_a_value_assigned_in_a_branch_is_not_overwritten_by_the_next_call():
    v = mt.Variable(np.zeros((3, 3), np.float32))

    @mt.function
    def step(x, taken):
        z = mt.matmul(x, x)
        mt.cond(taken, lambda: v.assign(z) * 1.0, lambda: v * 1.0)
        return mt.exp(z)

    x = np.eye(3, dtype=np.float32)
    step(mt.constant(x), mt.constant(True))
    step(mt.constant(2 * x), mt.constant(False))
    np.testing.assert_array_equal(v.numpy(), x)


def test_a_value_assigned_in_a_loop_is_not_overwritten_by_the_next_call():
    v = mt.Variable(np.zeros(9, np.float32))

    @mt.function
    def step(x, count):
        z = mt.matmul(x, x)

        def body(i):
            v.assign(mt.reshape(z, [9]))
            return (i + 1,)

        mt.while_loop(lambda i: i < count, body, [mt.constant(0)])
        return mt.exp(z)

    x = np.eye(3, dtype=np.float32)
    step(mt.constant(x), mt.constant(1))
    step(mt.constant(2 * x), mt.constant(0))
    np.testing.assert_array_equal(v.numpy(), x.reshape(-1))
