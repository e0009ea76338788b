"""Request bodies: read in pieces, limited in size and converted to typed values."""

import re
import zlib
from typing import Any

import msgspec
from tornado.httputil import HTTPHeaders

from nbyard.domain.parsing.strict_json import read_json
from nbyard.errors import BadRequest, Invalid, TooLarge, UnsupportedContent
from nbyard.field_suggestions import add_suggestions
from nbyard.reasons.structs import because

# "Expected `int`, got `str` - at `$.source.url`"
PLACE = re.compile(r"(?P<words>.*) - at `\$\.?(?P<place>.*)`\Z", re.DOTALL)
# "Object missing required field `name`", "Object contains unknown field `naem`"
NAMED = re.compile(r"field `([^`]*)`")
GZIP = 16 + zlib.MAX_WBITS


class Body:
    """Collects pieces up to a limit."""

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
        """Return the body as a value of type `kind`.

        Raises:
            UnsupportedContent: the content type is not JSON.
            TooLarge: the body is larger than allowed, compressed or not.
            BadRequest: it cannot be read.
            Invalid: a field is refused.
        """
        content = headers.get("Content-Type", "application/json").partition(";")[0]
        if content.strip().lower() != "application/json":
            raise UnsupportedContent(because("body-of-other-type"))
        if self._size > self._limit:
            raise self._too_large()
        plain = self._unpacked(headers.get("Content-Encoding", "identity").strip().lower())
        if not plain:
            raise BadRequest(because("body-missing"))
        return convert_json(read_json(plain), kind)

    def _unpacked(self, encoding: str) -> bytes:
        packed = b"".join(self._pieces)
        if encoding == "identity":
            return packed
        if encoding != "gzip":
            raise UnsupportedContent(because("body-of-other-encoding"))
        unpacker = zlib.decompressobj(GZIP)
        try:
            # The limit stops decompression bombs; one more byte shows that it was exceeded.
            plain = unpacker.decompress(packed, self._limit + 1)
        except zlib.error:
            raise BadRequest(because("body-not-gzip")) from None
        if len(plain) > self._limit:
            raise self._too_large()
        if not unpacker.eof:
            raise BadRequest(because("body-gzip-cut"))
        return plain

    def _too_large(self) -> TooLarge:
        return TooLarge(because("body-too-large", most=self._limit))


def convert_json(value: Any, kind: Any) -> Any:
    """Convert a JSON value to type `kind`.

    Raises:
        Invalid: with the refused field.
    """
    check_texts(value)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        told = add_suggestions(str(error), kind)
        match = PLACE.match(told)
        words, place = (match["words"], match["place"]) if match else (told, "")
        named = NAMED.search(words)
        parts = [*re.split(r"[.\[\]]+", place), named[1] if named else ""]
        where = ".".join(filter(None, parts)) or "body"
        raise Invalid.field(where, because("schema-mismatch", message=words)) from None


def check_texts(value: Any) -> None:
    """Check that no text contains a NUL character, which databases cannot store.

    Raises:
        Invalid: with the field of such a text.
    """
    todo = [("", value)]
    while todo:
        place, found = todo.pop()
        if isinstance(found, str) and "\0" in found:
            raise Invalid.field(place or "body", because("text-has-nul"))
        if isinstance(found, dict):
            todo += [(f"{place}.{key}".lstrip("."), inner) for key, inner in found.items()]
            todo += [(place, key) for key in found]
        if isinstance(found, list):
            todo += [(f"{place}.{index}", inner) for index, inner in enumerate(found)]
