"""Decompress the bodies of requests according to their headers, within limits."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

from .open_inference_protocol import MalformedRequest

IDENTITY, PACKED = ("", "identity"), ("gzip", "x-gzip", "deflate")
# zlib detects which of the two formats it is
EITHER = 32 + zlib.MAX_WBITS
CSV = "text/csv"
MAX_MEMBERS = 1_000  # each member costs a copy of the remaining bytes
MAX_DIGITS = 18
TENSORS = b"inference-header-content-length"


class BodyTooLarge(Exception):
    """The body exceeds the limit."""


class IncompleteBody(Exception):
    """The client closed the connection before the end of the body."""


class UnsupportedBody(Exception):
    """The compression or the content type of the body is not supported."""


class Body(NamedTuple):
    """A decompressed request body, with the request's headers in lower case."""

    content: bytes
    headers: Mapping[bytes, bytes]

    @property
    def is_csv(self) -> bool:
        """Return whether the content type is CSV."""
        content_type = self.headers.get(b"content-type", b"").decode("latin-1")
        return content_type.partition(";")[0].strip().lower() == CSV

    def split_json_and_tensors(self) -> tuple[bytes, bytes | None]:
        """Split an inference request into its JSON and the bytes of tensors after it.

        Without the header Inference-Header-Content-Length, which is the length of the JSON, the
        bytes are None.

        Raises:
            MalformedRequest: The header is not a valid number.
        """
        header = self.headers.get(TENSORS)
        if header is None:
            return self.content, None
        if not header.isdigit() or len(header) > MAX_DIGITS or int(header) > len(self.content):
            problem = f"must be a number up to {len(self.content)}, the length of the body"
            raise MalformedRequest(f"Inference-Header-Content-Length: {problem}")
        return self.content[: int(header)], self.content[int(header) :]


def decompress(content: bytes, encoding: str, most: int) -> bytes:
    """Decode a compressed body. `encoding` is the header Content-Encoding.

    Raises:
        UnsupportedBody: The compression is not supported.
        MalformedRequest: The body is not compressed in this way.
        BodyTooLarge: The body has more than `most` bytes.
    """
    encoding = encoding.strip().lower()
    if encoding in IDENTITY:
        return content
    if encoding not in PACKED:
        raise UnsupportedBody(
            f"the content encoding {encoding[:40]!r} is not supported; use gzip or deflate"
        )
    # The limit applies to the decompressed size: a small body may expand to gigabytes.
    decompressed = b""
    members = 0
    while content:
        members += 1
        if members > MAX_MEMBERS:
            problem = f"it has more than {MAX_MEMBERS} members"
            raise MalformedRequest(f"the body is not valid {encoding}: {problem}")
        reader = zlib.decompressobj(EITHER)
        try:
            # one byte beyond the limit shows that the body is too large
            decompressed += reader.decompress(content, most + 1 - len(decompressed))
        except zlib.error as error:
            raise MalformedRequest(f"the body is not valid {encoding}: {error}") from None
        if len(decompressed) > most:
            raise BodyTooLarge
        if not reader.eof:
            raise MalformedRequest(f"the body is not valid {encoding}: its end is missing")
        # gzip files may have several members
        content = reader.unused_data
    return decompressed
