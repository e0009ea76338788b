"""Reads request bodies in pieces, limits their size and converts them to typed values."""

import zlib
from typing import Any

from tornado.httputil import HTTPHeaders

from nbyard.domain.parsing.strict_json import HALF, read_json
from nbyard.domain.parsing.typed_json import convert_json
from nbyard.errors import BadRequest, Invalid, TooLarge, UnsupportedContent

# zlib expects the header of gzip instead of its own if 16 is added.
GZIP = 16 + zlib.MAX_WBITS


class Body:
    """A request body, which is received in pieces up to a limit."""

    def __init__(self, limit: int):
        self._limit = limit
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._limit:
            self._pieces.append(piece)
        else:
            # Too large: keep counting for the error, but free the memory.
            self._pieces.clear()

    def read(self, headers: HTTPHeaders, kind: Any) -> Any:
        """Return the body as a value of the type `kind`.

        Raises:
            UnsupportedContent: The content type is not JSON.
            TooLarge: The body is larger than allowed, compressed or not.
            BadRequest: The body cannot be read.
            Invalid: A field is refused.
        """
        content = headers.get("Content-Type", "application/json").partition(";")[0]
        if content.strip().lower() != "application/json":
            raise UnsupportedContent("Send the body as application/json.")
        if self._size > self._limit:
            raise self._too_large()
        plain = self._unpack(headers.get("Content-Encoding", "identity").strip().lower())
        if not plain:
            raise BadRequest("A body is needed.")
        try:
            return convert_json(read_json(plain), kind)
        except BadRequest as error:
            if error.reason.code != HALF:
                raise
            # The body can be read, but a text in it cannot be stored.
            raise Invalid(error.reason, details=error.details) from None

    def _unpack(self, encoding: str) -> bytes:
        packed = b"".join(self._pieces)
        if encoding == "identity":
            return packed
        if encoding != "gzip":
            raise UnsupportedContent("Send the body uncompressed or with gzip.")
        unpacker = zlib.decompressobj(GZIP)
        try:
            # The limit stops decompression bombs; one more byte shows that it was exceeded.
            plain = unpacker.decompress(packed, self._limit + 1)
        except zlib.error:
            raise BadRequest("The body is not a gzip stream.") from None
        if len(plain) > self._limit:
            raise self._too_large()
        if not unpacker.eof:
            raise BadRequest("The gzip stream in the body is incomplete.")
        return plain

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body has more than {self._limit:,} bytes.")
