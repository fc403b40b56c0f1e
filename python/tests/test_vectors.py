"""What is taken for a vector."""

from __future__ import annotations

import array
from typing import Any

import numpy
import pytest

from moss import DocumentInfo, QueryOptions
from support import raises


class Sequence:
    """A sequence that is neither list nor tuple nor buffer."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, at: int) -> float:
        return [0.5, 1.5, -2.0][at]


@pytest.mark.parametrize(
    "vector",
    [
        [0.5, 1.5, -2.0],
        (0.5, 1.5, -2.0),
        array.array("f", [0.5, 1.5, -2.0]),
        array.array("d", [0.5, 1.5, -2.0]),
        numpy.array([0.5, 1.5, -2.0], dtype=numpy.float32),
        numpy.array([0.5, 1.5, -2.0], dtype=numpy.float64),
        numpy.array([0.5, 1.5, -2.0], dtype=numpy.float16),
        numpy.array([0.5, 1.5, -2.0], dtype=">f4"),
        numpy.array([[0.5, 9.0], [1.5, 9.0], [-2.0, 9.0]])[:, 0],
        memoryview(array.array("f", [0.5, 1.5, -2.0])),
        list(numpy.array([0.5, 1.5, -2.0], dtype=numpy.float32)),
        Sequence(),
    ],
    ids=lambda x: type(x).__name__,
)
def test_embedding_takes_any_sequence_of_floats(vector: Any) -> None:
    assert DocumentInfo("a", "t", embedding=vector).embedding == [0.5, 1.5, -2.0]
    assert QueryOptions(embedding=vector).embedding == [0.5, 1.5, -2.0]


def test_embedding_takes_integers_and_keeps_single_precision() -> None:
    assert DocumentInfo("a", "t", embedding=[1, 0]).embedding == [1.0, 0.0]
    assert DocumentInfo("a", "t", embedding=numpy.array([1, 0])).embedding == [1.0, 0.0]
    (stored,) = DocumentInfo("a", "t", embedding=[0.1]).embedding or []
    assert stored == float(numpy.float32(0.1))
    assert DocumentInfo("a", "t", embedding=[]).embedding == []


@pytest.mark.parametrize(
    "vector",
    [
        "0.5",
        b"\0\0\0\0",
        bytearray(4),
        0.5,
        {"x": 0.5},
        {0.5},
        (x for x in [0.5]),
        [0.5, "0.5"],
        [0.5, None],
        [True, False],
        [[0.5], [1.5]],
        numpy.zeros((2, 2)),
    ],
    ids=repr,
)
def test_embedding_refuses_what_is_no_sequence_of_floats(vector: Any) -> None:
    with raises("InvalidType", TypeError, "DocumentInfo.embedding"):
        DocumentInfo("a", "t", embedding=vector)
