"""Tensors as bytes behind the JSON, as Triton's clients send them by default."""

from typing import Any

import numpy
import pytest

from nbyard.serving.codec import Column, Schema
from nbyard.serving.http.open_inference_protocol import (
    TYPES,
    Binary,
    MalformedRequest,
    UnreadableTensor,
    read_request,
)

INPUTS = Schema([Column("x", "float"), Column("n", "int"), Column("s", "str"), Column("b", "bool")])


@pytest.mark.parametrize("datatype", TYPES)
def test_numbers_of_each_type_are_returned(datatype: str) -> None:
    values = numpy.array([1, 2, 3], TYPES[datatype])
    binary = Binary(values.tobytes() + b"rest")
    assert binary.take(values.nbytes, datatype) == [1, 2, 3]
    assert binary.left == 4


def texts(*words: bytes) -> bytes:
    return b"".join(len(one).to_bytes(4, "little") + one for one in words)


def request(**sizes: Any) -> tuple[dict[str, Any], bytes]:
    """Two rows of four columns, of which each has its bytes."""
    told = {
        "x": ("FP32", numpy.array([0.5, 1.5], "<f4").tobytes()),
        "n": ("INT64", numpy.array([1, -2], "<i8").tobytes()),
        "s": ("BYTES", texts("é".encode(), b"")),
        "b": ("BOOL", b"\x01\x00"),
    }
    tensors = [
        {
            "name": name,
            "shape": [2, 1],
            "datatype": datatype,
            "parameters": {"binary_data_size": sizes.get(name, len(content))},
        }
        for name, (datatype, content) in told.items()
    ]
    return {"inputs": tensors}, b"".join(content for _, content in told.values())


def test_a_request_of_bytes_is_read_as_one_of_json() -> None:
    body, content = request()
    found = read_request(body, INPUTS, INPUTS, content)
    assert found.columns == [[0.5, 1.5], [1, -2], ["é", ""], [True, False]]


def test_bytes_and_json_can_be_mixed() -> None:
    body, content = request()
    body["inputs"][0] = {"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]}
    assert read_request(body, INPUTS, INPUTS, content[8:]).columns[0] == [1, 2]


@pytest.mark.parametrize(
    ("sizes", "extra", "words"),
    [
        ({"x": 7}, b"", r"inputs\[0\].parameters: 7 bytes do not fit FP32, which has 4 bytes"),
        ({"x": 4}, b"", r"inputs\[0\].data: has 1 values, the shape \[2, 1\] 2"),
        ({"x": 99}, b"", r"binary_data_size must be a number up to"),
        ({"x": True}, b"", r"binary_data_size must be a number up to"),
        ({"x": -1}, b"", r"binary_data_size must be a number up to"),
        ({}, b"more", r"inputs: 4 bytes after the JSON belong to no tensor"),
    ],
)
def test_unfit_tensors_are_named(sizes: dict[str, Any], extra: bytes, words: str) -> None:
    body, content = request(**sizes)
    with pytest.raises(MalformedRequest, match=words):
        read_request(body, INPUTS, INPUTS, content + extra)


@pytest.mark.parametrize(
    ("piece", "words"),
    [(b"\x05\x00\x00\x00ab", "longer than the remaining bytes"), (texts(b"\xff"), "is not UTF-8")],
)
def test_undecodable_texts_are_reported(piece: bytes, words: str) -> None:
    with pytest.raises(UnreadableTensor, match=words):
        Binary(piece).take(len(piece), "BYTES")


def test_a_missing_header_is_named() -> None:
    body, _ = request()
    with pytest.raises(MalformedRequest, match="Inference-Header-Content-Length is missing"):
        read_request(body, INPUTS, INPUTS)
