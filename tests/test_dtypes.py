"""Element types: spellings, limits, text, and what is no type."""

from __future__ import annotations

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

import minitensor as mt
from minitensor.dtypes import kind_of, name_of
from minitensor.errors import DTypeError

ALL = ["float16", "float32", "float64", "bfloat16", "complex64", "complex128", "int8", "int16",
       "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "string"]  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_a_dtype_is_one_object(name):
    dtype = getattr(mt, name)
    assert mt.as_dtype(name) is dtype
    assert mt.as_dtype(dtype) is dtype
    assert mt.as_dtype(f"tf.{name}") is dtype
    assert (repr(dtype), str(dtype), dtype.name) == (f"tf.{name}", f"<dtype: {name!r}>", name)
    assert copy.deepcopy(dtype) is dtype
    assert pickle.loads(pickle.dumps(dtype)) is dtype
    assert dtype == name
    assert hash(dtype) == hash(mt.as_dtype(name))
    assert {dtype: 1}[mt.as_dtype(name)] == 1
    assert dtype.base_dtype is dtype


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        (np.float32, "float32"), (np.dtype("f8"), "float64"), (float, "float32"), (str, "string"),
        (bytes, "string"), (bool, "bool"), (np.bool_, "bool"), (complex, "complex128"),
        ("float", "float32"), ("half", "float16"), ("double", "float64"), (np.int64, "int64"),
        (ml_dtypes.bfloat16, "bfloat16"), (np.dtype("U3"), "string"), (np.dtype("S3"), "string"),
        (np.dtype(">i4"), "int32"), (np.uint8, "uint8"), (np.object_, "string"), (object, "string"),
    ],
)  # fmt: skip
def test_spellings(spelling, name):
    assert mt.as_dtype(spelling).name == name


@pytest.mark.parametrize("value", [int, "float23", None, list, 3, "flaot32", np.datetime64])
def test_what_is_no_element_type(value):
    with pytest.raises(TypeError) as caught:
        mt.as_dtype(value)
    assert "hat is no element type" in str(caught.value)
    assert "To fix it: " in str(caught.value)
    assert isinstance(caught.value, DTypeError)


def test_misspellings_get_a_suggestion():
    with pytest.raises(DTypeError, match="did you mean 'float32'"):
        mt.as_dtype("flaot32")
    with pytest.raises(DTypeError, match=r"mt\.int32 or mt\.int64"):
        mt.as_dtype(int)


def test_properties():
    assert mt.float32.is_floating
    assert mt.bfloat16.is_floating
    assert not mt.complex64.is_floating
    assert mt.complex64.is_complex
    assert mt.int8.is_integer
    assert mt.uint8.is_integer
    assert mt.uint8.is_unsigned
    assert not mt.int8.is_unsigned
    assert not mt.bool.is_integer
    assert mt.bool.is_bool
    assert mt.complex64.real_dtype is mt.float32
    assert mt.complex128.real_dtype is mt.float64
    assert mt.float16.real_dtype is mt.float16
    assert [d.size for d in (mt.bool, mt.bfloat16, mt.float32, mt.complex128)] == [1, 2, 4, 16]
    assert mt.float32.as_numpy_dtype is np.float32
    assert mt.string.as_numpy_dtype is np.object_
    assert mt.half is mt.float16
    assert mt.double is mt.float64
    assert np.dtype(mt.float32.as_numpy_dtype) == np.float32


def test_limits():
    assert (mt.int8.min, mt.int8.max, mt.int8.limits) == (-128, 127, (-128, 127))
    assert mt.uint64.max == 2**64 - 1
    assert mt.float32.max == np.finfo(np.float32).max
    assert mt.float32.min == np.finfo(np.float32).min
    assert mt.float16.max == 65504
    assert mt.bfloat16.max == pytest.approx(3.3895314e38)
    assert (mt.bool.min, mt.bool.max) == (False, True)
    with pytest.raises(TypeError, match="To fix it"):
        _ = mt.string.max


def test_comparison():
    assert mt.float32 != mt.float64
    assert mt.float32 == np.float32
    assert mt.float32 != "nonsense"
    assert mt.float32 is not None
    assert mt.float32 != 3
    assert mt.constant(1.0).dtype == "float32"


def test_kinds_and_names():
    assert kind_of(np.dtype(ml_dtypes.bfloat16)) == "f"
    assert kind_of(mt.bfloat16) == "f"
    assert kind_of(np.dtype(object)) == "O"
    assert name_of(np.dtype("f4")) == "float32"
    assert name_of(mt.string) == "string"
    assert name_of(np.dtype("M8[s]")) == "datetime64[s]"
