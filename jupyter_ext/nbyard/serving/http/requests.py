"""Check who may call the model, and decompress the bodies of requests within limits."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
import time
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from .open_inference_protocol import MalformedRequest

SECRET_HEADER, KEY_HEADER = b"x-nbyard-secret", b"authorization"
SCHEME = b"bearer "
KEYS_SUFFIX = ".keys"
LOOK_SECONDS = 1.0
IDENTITY, PACKED = ("", "identity"), ("gzip", "x-gzip", "deflate")
# zlib detects which of the two formats it is
EITHER = 32 + zlib.MAX_WBITS
CSV = "text/csv"
MAX_MEMBERS = 1_000  # each member costs a copy of the remaining bytes
MAX_DIGITS = 18
TENSORS = b"inference-header-content-length"


class Access:
    """Checks requests by the secret of the proxy, or by the hashes of keys.

    Without the file of a secret, every request is admitted. The file of keys is beside it. The
    dispatcher replaces the file of keys when a key is created or revoked, and before it replaces
    the container (`is_leaving`).

    Raises:
        SystemExit: The file of the secret is empty.
    """

    def __init__(self, secret_file: str = ""):
        self._secret = Path(secret_file).read_bytes() if secret_file else b""
        if secret_file and not self._secret:
            sys.exit(f"{secret_file} is empty: the server cannot check requests.")
        self._path = Path(secret_file or "none").with_suffix(KEYS_SUFFIX)
        self._expiries: dict[str, float | None] = {}
        self._date = -1
        self._next_look = 0.0
        self.is_leaving = False

    def admits(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        """Return whether a request has the secret or a key, in exactly one header."""
        if not self._secret:
            return True
        secrets, keys = [], []
        for name, value in headers:
            if name == SECRET_HEADER:
                secrets.append(value)
            elif name == KEY_HEADER:
                keys.append(value)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._read_keys()
        if secrets:
            # compared in constant time, so that timing reveals nothing
            return len(secrets) == 1 and hmac.compare_digest(secrets[0], self._secret)
        if len(keys) != 1 or keys[0][: len(SCHEME)].lower() != SCHEME:
            return False
        digest = hashlib.sha256(keys[0][len(SCHEME) :].strip()).hexdigest()
        expiry = self._expiries.get(digest, 0.0)  # an unknown key is like one that has expired
        return expiry is None or time.time() < expiry

    def _read_keys(self) -> None:
        """Read the file of keys if it changed. An unfinished file is read again later."""
        try:
            date = self._path.stat().st_ctime_ns  # engines set the other dates
            if date != self._date:
                content = json.loads(self._path.read_bytes())
                self._expiries, self.is_leaving = content["keys"], content["leaving"]
                self._date = date
        except (OSError, ValueError):
            return


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
