"""The bodies of requests: unpacked as their headers say, within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

from .inference import Malformed

IDENTITY, PACKED = ("", "identity"), ("gzip", "x-gzip", "deflate")
# zlib finds out by itself which of the two it is
EITHER = 32 + zlib.MAX_WBITS
CSV = "text/csv"
MAX_MEMBERS = 1_000  # each is read behind a copy of what follows
MAX_DIGITS = 18
TENSORS = b"inference-header-content-length"


class TooLarge(Exception):
    """The body has more bytes than are taken."""


class Unsupported(Exception):
    """The body is packed in a way that is not read here."""


class Body(NamedTuple):
    """What was sent, unpacked, with the headers of the request in small letters."""

    content: bytes
    headers: Mapping[bytes, bytes]

    @property
    def is_csv(self) -> bool:
        """Whether it says of itself that it is CSV."""
        told = self.headers.get(b"content-type", b"").decode("latin-1")
        return told.partition(";")[0].strip().lower() == CSV

    def parted(self) -> tuple[bytes, bytes | None]:
        """The JSON of an inference request, and the bytes of tensors behind it where a header says
        where they begin.

        Raises:
            Malformed: the header is no such number.
        """
        told = self.headers.get(TENSORS)
        if told is None:
            return self.content, None
        if not told.isdigit() or len(told) > MAX_DIGITS or int(told) > len(self.content):
            words = f"must be a number up to {len(self.content)}, the length of the body"
            raise Malformed(f"Inference-Header-Content-Length: {words}")
        return self.content[: int(told)], self.content[int(told) :]


def unpacked(content: bytes, encoding: str, most: int) -> bytes:
    """The body as it was before it was packed.

    Raises:
        Unsupported: it is packed in another way.
        Malformed: it is not what it says.
        TooLarge: it has more than that many bytes.
    """
    encoding = encoding.strip().lower()
    if encoding in IDENTITY:
        return content
    if encoding not in PACKED:
        raise Unsupported(f"the body is packed as {encoding[:40]!r}; gzip and deflate are read")
    found = b""
    members = 0
    while content:
        members += 1
        if members > MAX_MEMBERS:
            words = f"it has more than {MAX_MEMBERS} members"
            raise Malformed(f"the body is no {encoding}: {words}")
        reader = zlib.decompressobj(EITHER)
        try:
            found += reader.decompress(content, most + 1 - len(found))
        except zlib.error as error:
            raise Malformed(f"the body is no {encoding}: {error}") from None
        if len(found) > most:
            raise TooLarge
        if not reader.eof:
            raise Malformed(f"the body is no {encoding}: its end is missing")
        content = reader.unused_data
    return found
