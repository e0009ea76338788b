"""Convert requests of the Open Inference Protocol v2 to columns, and answers to tensors.

https://github.com/kserve/open-inference-protocol, `specification/protocol/inference_rest.md`.
A column is a tensor of the shape [n] or [n, 1]. Columns of one type may share a tensor [n, k].

Tensors as bytes after the JSON of a request: the extension `binary_tensor_data`.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from nbyard.serving.codec import Column, Columns, Schema

SIZE = "binary_data_size"
LENGTH_BYTES = 4
TYPES = {
    **{f"INT{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
}


class UnreadableTensor(ValueError):
    """The bytes are not a valid tensor. The message has the reason."""


class Binary:
    """Reads tensors, one after the other, from the bytes after the JSON of a request."""

    def __init__(self, content: bytes | None):
        self._content = content
        self._at = 0

    def take(self, size: Any, datatype: str) -> list[Any]:
        """Return the values of the next tensor, which has `size` bytes.

        Raises:
            UnreadableTensor: There are too few bytes, or they are not of this type.
        """
        if self._content is None:
            raise UnreadableTensor("the header Inference-Header-Content-Length is missing")
        if type(size) is not int or not 0 <= size <= len(self._content) - self._at:
            left = len(self._content) - self._at
            raise UnreadableTensor(
                f"{SIZE} must be a number up to {left}, the number of remaining bytes"
            )
        piece = self._content[self._at : self._at + size]
        self._at += size
        if datatype != "BYTES":
            import numpy

            # BOOL has one byte per value
            dtype = numpy.dtype(TYPES.get(datatype, "u1"))
            if len(piece) % dtype.itemsize:
                raise UnreadableTensor(
                    f"{len(piece)} bytes do not fit {datatype}, which has {dtype.itemsize} bytes"
                )
            array = numpy.frombuffer(piece, dtype)
            return list((array.astype(bool) if datatype == "BOOL" else array).tolist())
        # each text follows its length
        texts, at = [], 0
        while at < len(piece):
            start = at + LENGTH_BYTES
            at = start + int.from_bytes(piece[at:start], "little")
            if at > len(piece):
                raise UnreadableTensor("a text is longer than the remaining bytes")
            try:
                texts.append(piece[start:at].decode())
            except UnicodeDecodeError as error:
                raise UnreadableTensor(f"a text is not UTF-8: {error}") from None
        return texts

    @property
    def left(self) -> int:
        """Return the number of bytes that no tensor has used yet."""
        return len(self._content or b"") - self._at


SIGNED = {f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)}
UNSIGNED = {f"UINT{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)}
WHOLE = SIGNED | UNSIGNED
FLOATING = ("FP16", "FP32", "FP64")
DATATYPES = ("BOOL", *WHOLE, *FLOATING, "BYTES")
TEXTS = ("BYTES",)
TAKEN: dict[str, tuple[str, ...]] = {
    "int": (*WHOLE,),
    "float": (*FLOATING, *WHOLE),
    "bool": ("BOOL",),
    "str": TEXTS,
    "date": TEXTS,
    "datetime": TEXTS,
}
GIVEN = {"int": "INT64", "float": "FP64", "bool": "BOOL"}
FIELDS = ("id", "parameters", "inputs", "outputs")
MAX_DIMENSIONS = 2


class MalformedRequest(ValueError):
    """The request does not follow the protocol. The message names the place."""


class Request(NamedTuple):
    """A parsed request. `outputs` are the names of the requested outputs, empty for all."""

    columns: Columns
    id: str
    outputs: list[str]


class _Tensor(NamedTuple):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any]

    @classmethod
    def of(cls, tensor: Any, where: str, binary: Binary) -> _Tensor:
        """Parse a tensor of a request. `where` is its place for errors.

        Raises:
            MalformedRequest: a field is missing or refused. The message names the field.
        """
        if not isinstance(tensor, dict):
            raise MalformedRequest(f"{where}: a tensor must be an object")
        _check_parameters(tensor, f"{where}.parameters")
        size = tensor.get("parameters", {}).get(SIZE)
        for name in ("name", "shape", "datatype", *(["data"] if size is None else [])):
            if name not in tensor:
                raise MalformedRequest(f"{where}.{name}: is missing")
        name, shape, datatype = tensor["name"], tensor["shape"], tensor["datatype"]
        if not isinstance(name, str):
            raise MalformedRequest(f"{where}.name: text is needed")
        if datatype not in DATATYPES:
            raise MalformedRequest(f"{where}.datatype: there are: {', '.join(DATATYPES)}")
        is_shape = isinstance(shape, list) and 0 < len(shape) <= MAX_DIMENSIONS
        if not is_shape or not all(type(size) is int and size > 0 for size in shape):
            raise MalformedRequest(f"{where}.shape: [rows], [rows, 1] or [rows, columns] is needed")
        try:
            values = tensor.get("data") if size is None else binary.take(size, datatype)
        except UnreadableTensor as error:
            raise MalformedRequest(f"{where}.parameters: {error}") from None
        return cls(name, shape, datatype, _checked_data(values, shape, datatype, f"{where}.data"))

    def column(self, column: Column, count: int) -> list[Any]:
        """Return the data as a column of `count` rows.

        Raises:
            MalformedRequest: the shape is not that of one column, or has another number of rows.
        """
        if self.shape[1:] not in ([], [1]):
            raise MalformedRequest(f"{column.name}: the shape {self.shape} is not a column")
        if self.shape[0] != count:
            raise MalformedRequest(
                f"{column.name}: has {self.shape[0]} rows, another input {count}"
            )
        self.check_type(column)
        return self.data

    def check_type(self, column: Column) -> None:
        if self.datatype not in TAKEN[column.type]:
            known = ", ".join(TAKEN[column.type])
            problem = f"{self.datatype} is no {column.type}; there are: {known}"
            raise MalformedRequest(f"{column.name}: {problem}")


def tensors_of(schema: Schema) -> list[dict[str, Any]]:
    """Return the metadata of the tensors for the columns of a schema."""
    return [
        {"name": column.name, "datatype": GIVEN.get(column.type, "BYTES"), "shape": [-1]}
        for column in schema.columns
    ]


def read_request(
    body: Any, inputs: Schema, outputs: Schema, content: bytes | None = None
) -> Request:
    """Parse a request and check its values. `content` are the bytes of tensors after the JSON.

    Raises:
        MalformedRequest: The request does not follow the protocol.
        ValueRefused: A value does not fit its column.
    """
    if not isinstance(body, dict):
        raise MalformedRequest("an object is needed")
    for name in body:
        if name not in FIELDS:
            raise MalformedRequest(f"{name}: unknown field")
    if not isinstance(body.get("id", ""), str):
        raise MalformedRequest("id: text is needed")
    _check_parameters(body, "parameters")
    given_tensors = body.get("inputs")
    if not isinstance(given_tensors, list) or not given_tensors:
        raise MalformedRequest("inputs: a list of tensors is needed")
    binary = Binary(content)
    tensors = [
        _Tensor.of(tensor, f"inputs[{index}]", binary) for index, tensor in enumerate(given_tensors)
    ]
    if binary.left:
        raise MalformedRequest(f"inputs: {binary.left} bytes after the JSON belong to no tensor")
    columns = inputs.check(_columns(tensors, inputs))
    wanted = [] if body.get("outputs") is None else body["outputs"]
    if not isinstance(wanted, list):
        raise MalformedRequest("outputs: a list is needed")
    for index, output in enumerate(wanted):
        if not isinstance(output, dict) or output.get("name") not in outputs.names:
            raise MalformedRequest(f"outputs[{index}].name: there are: {', '.join(outputs.names)}")
        _check_parameters(output, f"outputs[{index}].parameters")
    return Request(columns, body.get("id", ""), [output["name"] for output in wanted])


def _check_parameters(of: dict[str, Any], where: str) -> None:
    if not isinstance(of.get("parameters", {}), dict):
        raise MalformedRequest(f"{where}: an object is needed")


def _checked_data(data: Any, shape: list[int], datatype: str, where: str) -> list[Any]:
    """Check the data of a tensor; return its values as a flat list, row by row.

    Values may be null.
    """
    if not isinstance(data, list):
        raise MalformedRequest(f"{where}: a list is needed")
    # The protocol allows nested lists, and one flat list in row-major order.
    if data and isinstance(data[0], list):
        is_row = all(isinstance(row, list) and len(row) == shape[-1] for row in data)
        if len(shape) == 1 or not is_row or len(data) != shape[0]:
            raise MalformedRequest(f"{where}: does not have the shape {shape}")
        data = [value for row in data for value in row]
    if len(data) != math.prod(shape):
        raise MalformedRequest(
            f"{where}: has {len(data)} values, the shape {shape} {math.prod(shape)}"
        )
    values = [value for value in data if value is not None]
    if datatype in WHOLE:
        low, high = WHOLE[datatype]
        is_right = all(type(value) is int and low <= value <= high for value in values)
    elif datatype in FLOATING:
        is_right = {int, float}.issuperset(map(type, values))
    else:
        wanted = bool if datatype == "BOOL" else str
        is_right = {wanted}.issuperset(map(type, values))
    if not is_right:
        raise MalformedRequest(f"{where}: a value is not of the type {datatype}")
    checked: list[Any] = data
    return checked


def _columns(tensors: list[_Tensor], schema: Schema) -> Columns:
    by_name = {tensor.name: tensor for tensor in tensors}
    if len(by_name) < len(tensors):
        raise MalformedRequest("inputs: two tensors have the same name")
    width = len(schema.columns)
    # one tensor with all columns, row by row
    if len(tensors) == 1 and width > 1 and tensors[0].shape[1:] == [width]:
        whole = tensors[0]
        for column in schema.columns:
            whole.check_type(column)
        return [whole.data[place::width] for place in range(width)]
    for name in by_name:
        if name not in schema.names:
            raise MalformedRequest(
                f"{name}: unknown input; known inputs: {', '.join(schema.names)}"
            )
    count = tensors[0].shape[0]
    columns: Columns = []
    for column in schema.columns:
        tensor = by_name.get(column.name)
        if tensor is None and not column.nullable:
            raise MalformedRequest(f"{column.name}: this input is missing")
        columns.append([None] * count if tensor is None else tensor.column(column, count))
    return columns


def outputs_of(columns: Columns, schema: Schema, wanted: list[str]) -> list[dict[str, Any]]:
    """Convert columns of an answer to tensors: the wanted ones in order, all if empty."""
    tensors = {
        column.name: {
            "name": column.name,
            "shape": [len(values)],
            "datatype": GIVEN.get(column.type, "BYTES"),
            "data": values,
        }
        for column, values in zip(schema.columns, columns, strict=True)
    }
    return [tensors[name] for name in wanted or schema.names]
