"""Tensors as bytes after the JSON of a request: the extension `binary_tensor_data`.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

from typing import Any

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
            raise UnreadableTensor(f"{SIZE} must be a number up to {left}, the bytes that are left")
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
                raise UnreadableTensor("a text is longer than the bytes that are left")
            try:
                texts.append(piece[start:at].decode())
            except UnicodeDecodeError as error:
                raise UnreadableTensor(f"a text is not UTF-8: {error}") from None
        return texts

    @property
    def left(self) -> int:
        """Return the number of bytes that no tensor has used yet."""
        return len(self._content or b"") - self._at
