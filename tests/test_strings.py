"""String tensors; the expected texts are those of TensorFlow 2.21."""

from __future__ import annotations

import pytest

import minitensor as mt
from minitensor import strings


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: strings.as_string([1, 2]), [b"1", b"2"]),
        (lambda: strings.as_string([1.5, 1 / 3]), [b"1.500000", b"0.333333"]),
        (lambda: strings.as_string(1.5, precision=2), b"1.50"),
        (lambda: strings.as_string(1.5, shortest=True), b"1.5"),
        (lambda: strings.as_string(1.5, scientific=True), b"1.500000e+00"),
        (lambda: strings.as_string(5, width=4, fill="0"), b"0005"),
        (lambda: strings.as_string([True, False]), [b"true", b"false"]),
        (lambda: strings.as_string(1 + 2j), b"(1.000000,2.000000)"),
        (lambda: strings.join(["a", ["b", "c"]], separator="-"), [b"a-b", b"a-c"]),
        (lambda: strings.length(["abc", "é"]), [3, 2]),
        (lambda: strings.length(["abc", "é"], unit="UTF8_CHAR"), [3, 1]),
        (lambda: strings.lower("ABÉ"), "abÉ".encode()),
        (lambda: strings.lower("ABÉ", encoding="utf-8"), "abé".encode()),
        (lambda: strings.upper("abé"), "ABé".encode()),
        (lambda: strings.strip("  a b "), b"a b"),  # noqa: B005
        (lambda: strings.to_number(["1.5", "2"]), [1.5, 2.0]),
        (lambda: strings.to_number("7", mt.int32), 7),
        (lambda: strings.format("x={} y={}", (mt.constant(1), [1.5, 2.0])), None),
        (lambda: strings.format("x={}", mt.constant(["a", "b"])), b'x=["a" "b"]'),
        (lambda: strings.format("{}", mt.range(20)), b"[0 1 2 ... 17 18 19]"),
        (lambda: strings.format("a", ()), b"a"),
        (lambda: strings.regex_replace("banana", "a(.)", r"<\1>"), b"b<n><n>a"),
        (lambda: strings.regex_replace("banana", "a", "o", replace_global=False), b"bonana"),
        (lambda: strings.regex_full_match(["ab", "b"], "a.*"), [True, False]),
        (lambda: strings.reduce_join([["a", "b"], ["c", "d"]], axis=1, separator="-"),
         [b"a-b", b"c-d"]),
        (lambda: strings.reduce_join([["a", "b"], ["c", "d"]]), b"abcd"),
        (lambda: strings.reduce_join([["a", "b"], ["c", "d"]], axis=0, keepdims=True),
         [[b"ac", b"bd"]]),
        (lambda: strings.substr("hello", 1, 3), b"ell"),
        (lambda: strings.substr(["hello", "abc"], [1, 0], [3, 2]), [b"ell", b"ab"]),
        (lambda: strings.substr("hello", -3, 2), b"ll"),
    ],
)  # fmt: skip
def test_results(result, expected):
    if expected is None:
        with pytest.raises(ValueError, match="expects 2 tensors, but there are 3"):
            result()
    else:
        found = result().numpy()
        assert (found.tolist() if hasattr(found, "tolist") else found) == expected


def test_format_takes_several_tensors():
    text = strings.format("x={} y={}", (mt.constant(1), mt.constant([1.5, 2.0])))
    assert text.numpy() == b"x=1 y=[1.5 2]"


@pytest.mark.parametrize(
    ("compute", "fault"),
    [
        (lambda: strings.to_number("x"), "could not correctly convert string: x"),
        (lambda: strings.substr("a", 5, 1), "pos 5 out of range for string"),
        (lambda: strings.join(["a", ["b", "c"], ["d", "e", "f"]]), "sizes"),
        (lambda: strings.length(1), "must be a string tensor"),
    ],
)
def test_mistakes(compute, fault):
    with pytest.raises(ValueError, match="To fix it") as caught:
        compute()
    assert fault in str(caught.value).replace("Could", "could").replace("Pos", "pos").replace(
        "It must", "it must"
    )


def test_adding_strings_joins_them():
    assert (mt.constant("a") + "b").numpy() == b"ab"
    assert mt.add(["x", "y"], ["z"]).numpy().tolist() == [b"xz", b"yz"]
