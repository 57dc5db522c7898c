"""Tensors as TensorFlow 2 has them: text, default dtypes, Python's protocols, numpy, indexing."""

from __future__ import annotations

import copy
import pickle
import sys

import numpy as np
import pytest

import minitensor as mt
from minitensor.errors import (
    ArgumentError,
    DTypeError,
    InvalidArgumentError,
    OpError,
)

CPU = "/job:localhost/replica:0/task:0/device:CPU:0"


def raised(error: type, function, *args, **kwargs) -> str:
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def five_parts(text: str) -> bool:
    return "To fix it: " in text and ":" in text.split(" ")[0] + text


@pytest.mark.parametrize(
    ("tensor", "representation", "text"),
    [
        (lambda: mt.constant(1), "<tf.Tensor: shape=(), dtype=int32, numpy=1>",
         "tf.Tensor(1, shape=(), dtype=int32)"),
        (lambda: mt.constant([1.0, 2.0]),
         "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>",
         "tf.Tensor([1. 2.], shape=(2,), dtype=float32)"),
        (lambda: mt.constant([[1, 2], [3, 4]]),
         "<tf.Tensor: shape=(2, 2), dtype=int32, numpy=\narray([[1, 2],\n       [3, 4]], "
         "dtype=int32)>",
         "tf.Tensor(\n[[1 2]\n [3 4]], shape=(2, 2), dtype=int32)"),
        (lambda: mt.constant("hi"), "<tf.Tensor: shape=(), dtype=string, numpy=b'hi'>",
         "tf.Tensor(b'hi', shape=(), dtype=string)"),
        (lambda: mt.constant(["a", "b"]),
         "<tf.Tensor: shape=(2,), dtype=string, numpy=array([b'a', b'b'], dtype=object)>",
         "tf.Tensor([b'a' b'b'], shape=(2,), dtype=string)"),
        (lambda: mt.constant(True), "<tf.Tensor: shape=(), dtype=bool, numpy=True>",
         "tf.Tensor(True, shape=(), dtype=bool)"),
        (lambda: mt.constant(1 + 2j), "<tf.Tensor: shape=(), dtype=complex128, numpy=(1+2j)>",
         "tf.Tensor((1+2j), shape=(), dtype=complex128)"),
        (lambda: mt.constant(1.5, mt.float16), "<tf.Tensor: shape=(), dtype=float16, numpy=1.5>",
         "tf.Tensor(1.5, shape=(), dtype=float16)"),
        (lambda: mt.constant(1.5, mt.bfloat16), "<tf.Tensor: shape=(), dtype=bfloat16, numpy=1.5>",
         "tf.Tensor(1.5, shape=(), dtype=bfloat16)"),
        (lambda: mt.constant([]),
         "<tf.Tensor: shape=(0,), dtype=float32, numpy=array([], dtype=float32)>",
         "tf.Tensor([], shape=(0,), dtype=float32)"),
        (lambda: mt.constant(1.5), "<tf.Tensor: shape=(), dtype=float32, numpy=1.5>",
         "tf.Tensor(1.5, shape=(), dtype=float32)"),
        (lambda: mt.constant(1.0, mt.float64), "<tf.Tensor: shape=(), dtype=float64, numpy=1.0>",
         "tf.Tensor(1.0, shape=(), dtype=float64)"),
    ],
)  # fmt: skip
def test_text(tensor, representation, text):
    assert repr(tensor()) == representation
    assert str(tensor()) == text


def test_format_of_scalars_is_numpys():
    assert format(mt.constant(1.2345), ".2f") == "1.23"
    assert f"{mt.constant(2)}, {mt.constant([1, 2])}, {mt.constant('a')}" == "2, [1 2], b'a'"
    assert "unsupported format string" in raised(TypeError, format, mt.constant([1.0]), ".2f")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, "int32"),
        (1.0, "float32"),
        (True, "bool"),
        (1j, "complex128"),
        ("a", "string"),
        (b"a", "string"),
        (2**31, "int64"),
        (-(2**31), "int32"),
        (-(2**31) - 1, "int64"),
        (np.float64(1), "float64"),
        (np.float32(1), "float32"),
        (np.int64(1), "int64"),
        (np.int8(1), "int8"),
        (np.array([1.0]), "float64"),
        (np.array([1]), "int64"),
        (np.array([1], ">i4"), "int32"),
        ([np.int64(1)], "int32"),
        ([np.float64(1)], "float64"),
        ([np.float32(1), np.float64(1)], "float32"),
        ([np.float64(1), np.float32(1)], "float64"),
        ([1, 2.0], "float32"),
        ([], "float32"),
        ([[], []], "float32"),
        (range(3), "int32"),
        ((1, (2, 3)) and ((1, 2), (3, 4)), "int32"),
        (np.array(["a", "b"]), "string"),
        (["a", b"b"], "string"),
        ([1, 2j], "complex128"),
        ([np.array([1, 2]), np.array([3, 4])], "int64"),
        (memoryview(b"ab"), "uint8"),
    ],
)
def test_default_dtypes(value, dtype):
    assert mt.constant(value).dtype == dtype
    assert mt.convert_to_tensor(value).dtype == dtype


@pytest.mark.parametrize(
    ("build", "error", "fault"),
    [
        (lambda: mt.constant(2**63), ValueError, "can't convert Python sequence with out-of-range"),
        (lambda: mt.constant(None), ValueError,
         "ttempt to convert a value (None) with an unsupported type (<class 'NoneType'>)"),
        (lambda: mt.constant({1}), ValueError, "unsupported type (<class 'set'>)"),
        (lambda: mt.constant({}), ValueError, "unsupported type (<class 'dict'>)"),
        (lambda: mt.constant([True, 1]), ValueError, "Python sequence with mixed types"),
        (lambda: mt.constant(["a", 1]), ValueError, "Python sequence with mixed types"),
        (lambda: mt.constant([[1, 2], [3]]), ValueError, "non-rectangular Python sequence"),
        (lambda: mt.constant([1, [2]]), ValueError, "non-rectangular Python sequence"),
        (lambda: mt.constant(np.array([object()])), ValueError,
         "ailed to convert a NumPy array to a Tensor (unsupported object type object)"),
        (lambda: mt.constant(1.5, mt.int32), TypeError,
         "annot convert 1.5 to EagerTensor of dtype int32"),
        (lambda: mt.constant("a", mt.int32), TypeError, "annot convert 'a' to EagerTensor"),
        (lambda: mt.constant(1, mt.bool), TypeError, "annot convert 1 to EagerTensor"),
        (lambda: mt.constant(300, mt.uint8), TypeError, "annot convert 300 to EagerTensor"),
        (lambda: mt.constant(mt.constant(1.0), mt.float64), TypeError,
         "ensor conversion requested dtype float64"),
        (lambda: mt.convert_to_tensor(mt.constant(1.0), mt.float64), ValueError,
         "ensor conversion requested dtype float64 for Tensor with dtype float32"),
        (lambda: mt.constant([1, 2, 3], shape=(2, 2)), TypeError,
         "3 elements, but got `shape` (2, 2) with 4 elements"),
    ],
)  # fmt: skip
def test_values_that_are_no_tensors(build, error, fault):
    text = raised(error, build)
    assert fault.lower() in text.lower()
    assert "To fix it: " in text
    with pytest.raises(InvalidArgumentError):
        build()


def test_numpy_arrays_convert_to_a_dtype_that_is_asked_for():
    assert mt.constant(np.ones(2) * 1.5, mt.int32).numpy().tolist() == [1, 1]
    assert mt.constant(np.array(300), mt.uint8).numpy() == 44
    assert mt.constant(7, shape=(2, 2)).numpy().tolist() == [[7, 7], [7, 7]]
    assert mt.constant([1, 2, 3, 4], shape=[2, 2]).numpy().tolist() == [[1, 2], [3, 4]]


def test_lists_of_tensors_stack():
    a, b = mt.constant(1.0), mt.constant(2.0)
    assert mt.convert_to_tensor([a, b]).numpy().tolist() == [1.0, 2.0]
    assert mt.convert_to_tensor([[a, 3.0], [b, 4.0]]).numpy().tolist() == [[1.0, 3.0], [2.0, 4.0]]
    x = mt.Variable(3.0)
    with mt.GradientTape() as tape:
        y = mt.convert_to_tensor([x, 2 * x])
    assert tape.gradient(y, x).numpy() == 3.0


def test_a_tensor_is_converted_to_itself():
    x = mt.constant(1.0)
    assert mt.convert_to_tensor(x) is x
    assert mt.convert_to_tensor(1.0, dtype_hint=mt.float64).dtype == mt.float64
    assert mt.convert_to_tensor("a", dtype_hint=mt.float64).dtype == mt.string


# Mixed dtypes


def test_tensors_of_different_dtypes_do_not_mix():
    x, y = mt.constant(1.0), mt.constant(1.0, mt.float64)
    text = raised(InvalidArgumentError, lambda: x + y)
    assert "'y' has dtype float64 where 'x' has float32" in text
    assert "To fix it: convert one of them" in text
    raised(TypeError, lambda: x + y)
    raised(ValueError, lambda: x + y)
    raised(InvalidArgumentError, lambda: x == y)
    raised(InvalidArgumentError, lambda: mt.constant(1) + 1.5)
    text = raised(TypeError, lambda: 1.5 + mt.constant(1))
    assert "annot convert 1.5 to EagerTensor of dtype int32" in text
    raised(InvalidArgumentError, lambda: mt.add(1, 2.0))
    assert mt.add(1.0, 2).numpy() == np.float32(3)


@pytest.mark.parametrize(
    ("result", "value", "dtype"),
    [
        (lambda: mt.constant(1.0) + 1, 2.0, "float32"),
        (lambda: mt.constant(1.0) + True, 2.0, "float32"),
        (lambda: mt.constant(1) + True, 2, "int32"),
        (lambda: 1 - mt.constant(3.0), -2.0, "float32"),
        (lambda: mt.constant(1.0) + np.float64(1), 2.0, "float32"),
        (lambda: np.float64(1) + mt.constant(1.0), 2.0, "float32"),
        (lambda: np.float64(3) / mt.constant(2.0), 1.5, "float32"),
        (lambda: mt.constant(3, mt.int32) / mt.constant(2, mt.int32), 1.5, "float64"),
        (lambda: mt.constant(3, mt.int64) / 2, 1.5, "float64"),
        (lambda: mt.constant(3, mt.int8) / mt.constant(2, mt.int8), 1.5, "float32"),
        (lambda: 3 / mt.constant(2), 1.5, "float64"),
        (lambda: mt.constant(-7) // 2, -4, "int32"),
        (lambda: mt.constant(-7) % 3, 2, "int32"),
        (lambda: mt.constant(2) ** 3, 8, "int32"),
        (lambda: 2.0 ** mt.constant(3.0), 8.0, "float32"),
        (lambda: mt.constant(1) / mt.constant(0), np.inf, "float64"),
    ],
)
def test_numbers_take_the_dtype_of_the_tensor(result, value, dtype):
    assert result().numpy() == value
    assert result().dtype == dtype


def test_arrays_take_the_dtype_of_the_tensor():
    x = mt.constant([1.0, 2.0])
    for y in (x + np.ones(2), np.ones(2) + x, np.ones(2) * x, x - np.ones(2, int)):
        assert isinstance(y, mt.Tensor)
        assert y.dtype == mt.float32
    assert (np.ones((2, 2)) @ mt.constant([[1.0], [2.0]])).numpy().tolist() == [[3.0], [3.0]]


@pytest.mark.parametrize(
    ("compute", "fault"),
    [
        (lambda: mt.constant(1) // 0, "nteger division by zero"),
        (lambda: mt.constant(1) % 0, "nteger division by zero"),
        (lambda: mt.constant(2) ** -1, "ntegers to negative integer powers are not allowed"),
        (lambda: mt.sqrt(mt.constant(4)), "int32 is not in the list of allowed values"),
        (lambda: mt.exp(mt.constant([1, 2])), "int32 is not in the list of allowed values"),
    ],
)
def test_integers_that_have_no_result(compute, fault):
    text = raised(InvalidArgumentError, compute)
    assert fault in text
    assert "To fix it: " in text


def test_cast():
    assert mt.cast([1.9, -1.9], mt.int32).numpy().tolist() == [1, -1]
    assert mt.cast(np.nan, mt.int32).numpy() == -(2**31)
    assert mt.cast([0.0, 0.5], mt.bool).numpy().tolist() == [False, True]
    assert mt.cast(mt.Variable(1), "float16").dtype == mt.float16
    assert mt.reduce_mean([1, 2]).numpy() == 1
    assert mt.reduce_mean([-1, -2]).numpy() == -1


def test_equality_answers_for_anything():
    x = mt.constant([1.0, 2.0])
    assert (x == [1, 3]).numpy().tolist() == [True, False]
    assert (x != [1, 3]).numpy().tolist() == [False, True]
    assert (x == mt.constant([1.0, 2.0, 3.0])) is False
    assert (x != mt.constant([1.0, 2.0, 3.0])) is True
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    raised(ValueError, lambda: x < None)
    assert (mt.constant("a") == "a").numpy()


# Python's protocols


def test_truth_is_numpys():
    assert bool(mt.constant(1.0))
    assert not mt.constant(False)
    assert not mt.constant("")
    assert mt.constant("a")
    text = raised(ValueError, bool, mt.constant([1, 2]))
    assert text.startswith("The truth value of an array with more than one element is ambiguous.")


def test_numbers():
    assert int(mt.constant(3.7)) == 3
    assert float(mt.constant(3)) == 3.0
    assert complex(mt.constant(1j)) == 1j
    assert list(range(mt.constant(3))) == [0, 1, 2]
    assert ["a", "b"][mt.constant(1)] == "b"
    raised(TypeError, lambda: ["a", "b"][mt.constant(1.0)])
    for convert in (int, float, complex):
        text = raised(TypeError, convert, mt.constant([3, 4]))
        assert "can be converted to Python scalars" in text


def test_length_and_iteration():
    m = mt.constant([[1, 2], [3, 4]])
    assert len(m) == 2
    assert [row.numpy().tolist() for row in m] == [[1, 2], [3, 4]]
    first, _ = m
    assert isinstance(first, mt.Tensor)
    assert raised(TypeError, len, mt.constant(1)) == "Scalar tensor has no `len()`"
    assert raised(TypeError, iter, mt.constant(1)) == "Cannot iterate over a scalar tensor."
    assert 3 in m
    assert 5 not in m


def test_hash_and_references():
    x = mt.constant(1)
    text = raised(TypeError, hash, x)
    assert text == "Tensor is unhashable. Instead, use tensor.ref() as the key."
    assert x.ref().deref() is x
    assert {x.ref(): 1}[x.ref()] == 1
    assert x.ref() != mt.constant(1).ref()


def test_tensors_do_not_change():
    x = mt.constant([1, 2])
    assert "does not support item assignment" in raised(TypeError, x.__setitem__, 0, 5)
    with pytest.raises(TypeError):
        x[0] = 5
    y = x
    y += 1
    assert x.numpy().tolist() == [1, 2]
    assert y.numpy().tolist() == [2, 3]


@pytest.mark.parametrize(
    "name", ["T", "mean", "reshape", "astype", "size", "item", "backward", "sum", "frobnicate"]
)
def test_attributes_that_tensors_do_not_have(name):
    text = raised(AttributeError, getattr, mt.constant([1.0]), name)
    assert f"object has no attribute {name!r}" in text
    assert not hasattr(mt.constant(1.0), name)


def test_attributes_of_graphs():
    x = mt.constant(1.0)
    for name in ("name", "op", "graph"):
        text = raised(AttributeError, getattr, x, name)
        assert text == f"Tensor.{name} is undefined when eager execution is enabled."
    text = raised(NotImplementedError, x.eval)
    assert text.startswith("eval is not supported when eager execution is enabled")


def test_what_tensors_have():
    x = mt.constant([[1.0, 2.0]])
    assert x.shape == (1, 2)
    assert isinstance(x.shape, mt.TensorShape)
    assert (x.dtype, x.ndim, x.device) == (mt.float32, 2, CPU)
    assert x.get_shape() == [1, 2]
    assert x.cpu().numpy().tolist() == [[1.0, 2.0]]
    assert x.set_shape([None, 2]) is None
    raised(ValueError, x.set_shape, [3, 2])


def test_copies_and_pickles():
    for x in (mt.constant([1.0, 2.0]), mt.constant("a"), mt.constant(1.5, mt.bfloat16)):
        for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
            assert isinstance(y, mt.Tensor)
            assert (y.dtype, y.shape) == (x.dtype, x.shape)
            assert np.all(y.numpy() == x.numpy())


def test_what_is_a_tensor():
    x, v = mt.constant(1), mt.Variable(1)
    assert isinstance(x, mt.Tensor)
    assert not isinstance(v, mt.Tensor)
    assert mt.is_tensor(x)
    assert mt.is_tensor(v)
    assert not mt.is_tensor(np.ones(1))
    assert not mt.is_tensor(1)


# numpy, both ways


def test_numpy_takes_tensors():
    x = mt.constant([0.0, 1.0])
    assert isinstance(np.sin(x), np.ndarray)
    np.testing.assert_array_equal(np.sin(x), np.sin(np.array([0, 1], np.float32)))
    np.testing.assert_array_equal(np.add(x, x), [0, 2])
    assert np.array(x).dtype == np.float32
    assert np.asarray(x, np.float64).dtype == np.float64
    assert np.sum(x) == 1.0
    assert np.array([x, x]).shape == (2, 2)


def test_nothing_shares_memory_with_a_tensor():
    source = np.array([1.0, 2.0])
    made = [
        mt.constant(source),
        mt.convert_to_tensor(source),
        mt.Variable(source),
        mt.constant(1.0) * source,
    ]
    source[0] = 9
    assert [x.numpy()[0] for x in made] == [1.0, 1.0, 1.0, 1.0]
    x = mt.constant([1.0, 2.0])
    taken = [x.numpy(), np.array(x), np.asarray(x), np.array(x, copy=True)]
    for array in taken:
        array[0] = 9
    assert x.numpy().tolist() == [1.0, 2.0]
    view = mt.reshape(x, [2, 1])
    view.numpy()[0] = 9
    assert x.numpy().tolist() == [1.0, 2.0]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 asks classes for their buffer")
def test_memoryviews_are_copies():
    x = mt.constant([0.0, 1.0])
    view = memoryview(x)
    view[0] = 9.0
    assert view.tolist() == [9.0, 1.0]
    assert x.numpy().tolist() == [0.0, 1.0]


def test_asking_for_no_copy_never_shares_memory():
    tensor = mt.constant([1.0])
    if sys.version_info < (3, 12):
        with pytest.raises(ValueError, match="copy"):
            np.asarray(tensor, copy=False)
    else:  # through the buffer protocol, which gives out copies
        np.asarray(tensor, copy=False)[0] = 2.0
        assert tensor.numpy().tolist() == [1.0]


def test_numpy_scalars_and_strings():
    assert isinstance(mt.constant(1.0).numpy(), np.float32)
    assert mt.constant("é").numpy() == "é".encode()
    assert mt.constant(["a", "b"]).numpy().dtype == object


def test_in_place_numpy_operators_do_not_reach_tensors():
    array, x = np.ones(2), mt.constant([1.0, 2.0])
    array += x
    assert isinstance(array, (np.ndarray, mt.Tensor))
    assert x.numpy().tolist() == [1.0, 2.0]


# Indexing


@pytest.mark.parametrize(
    "index",
    [
        np.s_[0], np.s_[-1], np.s_[1, 2], np.s_[1:], np.s_[::-1], np.s_[:, ::-2], np.s_[..., 0],
        np.s_[None], np.s_[:, None, 1], np.s_[5:], np.s_[-9:9], np.s_[2:0:-1, 1], np.s_[0:0],
        np.s_[np.int64(1)], np.s_[0, ..., 1], np.s_[..., None],
    ],
)  # fmt: skip
def test_indices_of_numpy(index):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(mt.constant(array)[index], array[index])


def test_tensors_as_indices():
    m = mt.constant([[1, 2], [3, 4]])
    for dtype in (mt.int32, mt.int64):
        assert m[mt.constant(1, dtype)].numpy().tolist() == [3, 4]
        assert m[mt.constant(0, dtype) :, mt.constant(1, dtype)].numpy().tolist() == [2, 4]
    assert m[m > 2].numpy().tolist() == [3, 4]
    assert m[np.array([True, False])].numpy().tolist() == [[1, 2]]
    assert m[[0, 1]].numpy() == 2  # a list is a tuple here, as in TensorFlow
    assert m[mt.newaxis].shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("index", "error", "fault"),
    [
        (np.array([0, 1]), TypeError, "nly integers, slices (`:`), ellipsis (`...`)"),
        (1.0, TypeError, "are valid indices, got 1.0"),
        ("a", TypeError, "are valid indices, got 'a'"),
        (True, ValueError, "ask cannot be scalar"),
        (5, InvalidArgumentError, "lice index 5 of dimension 0 out of bounds"),
        (-3, InvalidArgumentError, "lice index -3 of dimension 0 out of bounds"),
        ((0, 0, 0), InvalidArgumentError, "ndex out of range"),
        (slice(None, None, 0), InvalidArgumentError, "trides[0] must be non-zero"),
        ((..., ...), InvalidArgumentError, ""),
    ],
)
def test_indices_that_are_none(index, error, fault):
    text = raised(error, lambda: mt.constant([[1, 2], [3, 4]])[index])
    assert fault in text
    assert "To fix it: " in text


def test_a_vector_tensor_is_no_index():
    text = raised(TypeError, lambda: mt.constant([1, 2])[mt.constant([0, 1])])
    assert "scalar" in text
    assert "mt.gather" in text


def test_a_scalar_has_no_parts():
    text = raised(InvalidArgumentError, lambda: mt.constant(1)[0])
    assert "ttempting to slice scalar input" in text
    assert mt.constant(1)[...].numpy() == 1
    assert mt.constant(1)[None].shape == (1,)


def test_gradients_of_indices():
    x = mt.Variable([[1.0, 2.0], [3.0, 4.0]])
    with mt.GradientTape() as tape:
        y = x[:, 0] * x[0, 1]
    assert tape.gradient(y, x).numpy().tolist() == [[2.0, 4.0], [2.0, 0.0]]
    with mt.GradientTape() as tape:
        y = x[x > 1.5] ** 2
    assert tape.gradient(y, x).numpy().tolist() == [[0.0, 4.0], [6.0, 8.0]]


# Shape errors


@pytest.mark.parametrize(
    ("compute", "parts"),
    [
        (lambda: mt.ones([2, 3]) + mt.ones([2]),
         ["add: got shapes (2, 3) float32 and (2,) float32.", "Axis -1 has sizes 3 and 2"]),
        (lambda: mt.matmul(mt.ones([2, 3]), mt.ones([2, 3])), ["(2, 3)", "3", "2"]),
        (lambda: mt.matmul(mt.ones([3]), mt.ones([3, 2])), ["ranks are 1 and 2"]),
        (lambda: mt.reshape(mt.ones([6]), [4, 2]), ["6 elements", "8"]),
        (lambda: mt.stack([mt.ones([2]), mt.ones([3])]), ["alues[0].shape = [2]"]),
        (lambda: mt.concat([mt.ones([2, 3]), mt.ones([3, 2])], 0), ["xis 1 has sizes 3 and 2"]),
        (lambda: mt.gather([1, 2, 3], [0, 7]), ["7"]),
        (lambda: mt.reduce_mean([1.0], 3), ["axis 3 does not exist"]),
        (lambda: mt.squeeze(mt.ones([2]), 0), ["size 2"]),
    ],
)  # fmt: skip
def test_shape_errors_have_five_parts(compute, parts):
    text = raised(InvalidArgumentError, compute)
    raised(ValueError, compute)
    assert all(part.lower() in text.lower() for part in parts), text
    assert ": got " in text
    assert "To fix it: " in text


# Other element types


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    x = mt.constant([1.0, 2.0], dtype)
    for y in (
        x + 1,
        x * x,
        mt.exp(x),
        mt.reduce_sum(x),
        mt.tanh(x),
        -x,
        x / 3,
        mt.reshape(x, [2, 1]),
    ):
        assert y.dtype == dtype
    with mt.GradientTape() as tape:
        tape.watch(x)
        y = mt.reduce_sum(x * x * 3)
    gradient = tape.gradient(y, x)
    assert gradient.dtype == dtype
    assert gradient.numpy().astype(np.float32).tolist() == [6.0, 12.0]
    assert mt.cast(x, mt.float32).numpy().tolist() == [1.0, 2.0]


def test_strings():
    words = mt.constant([["a", "b"], ["c", "d"]])
    assert words[1].numpy().tolist() == [b"c", b"d"]
    assert mt.reshape(words, [-1]).numpy().tolist() == [b"a", b"b", b"c", b"d"]
    assert (words == "a").numpy().tolist() == [[True, False], [False, False]]
    assert mt.concat([words, words], 0).shape == (4, 2)
    assert mt.gather(words, [1]).numpy().tolist() == [[b"c", b"d"]]
    raised(TypeError, lambda: words * words)


def test_every_error_of_an_op_is_an_op_error():
    for error in (InvalidArgumentError, DTypeError, ArgumentError):
        assert issubclass(error, OpError)
    text = raised(TypeError, mt.add, 1.0)
    assert "is missing" in text
    text = raised(TypeError, mt.add, 1.0, 2.0, z=1)
    assert "no argument" in text or "none of that name" in text
