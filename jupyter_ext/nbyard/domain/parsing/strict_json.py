"""The only JSON reader for untrusted input (RFC 8259). It refuses ambiguous input."""

import json
import re
from collections.abc import Iterable
from typing import Any

from nbyard.errors import BadRequest, Detail
from nbyard.reasons.structs import because

MAX_DEPTH = 64
# The largest double has 309 digits. The time of int() grows with the square of the digits.
MAX_DIGITS = 400

HALF = "json-half-surrogate"
# possible half of a surrogate pair: an escape, or the character itself in a Python text
_HALF = re.compile("\\\\u[dD][89a-fA-F]|[\ud800-\udfff]")

# a bracket, or a whole string (up to the end of the text if it is not closed)
# The possessive `++` and `*+` never give characters back. So the search of a hostile text takes
# linear time.
_MARK = re.compile(r'[\[\]{}]|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)


def read_json(content: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises:
        BadRequest: invalid UTF-8 or JSON, duplicate keys, NaN or infinity, half surrogate
            pairs, nesting deeper than 64 or numbers of more than 400 digits.
    """
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        # with so few brackets, the text cannot be too deep
        if text.count("[") + text.count("{") > MAX_DEPTH:
            depth = 0
            for mark in _MARK.finditer(text):
                depth += (mark[0] in "[{") - (mark[0] in "]}")
                if depth > MAX_DEPTH:
                    raise BadRequest(f"The body is nested deeper than {MAX_DEPTH} levels.")
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
        if _HALF.search(text) and (place := _place_of_half(value)) is not None:
            why = because(HALF)
            raise BadRequest(why, details=[Detail(place or "body", str(why), why)])
        return value
    except UnicodeDecodeError:
        raise BadRequest("This is not UTF-8 text.") from None
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"This is not valid JSON: {str(error)[:200]}") from None


def _place_of_half(value: Any) -> str | None:
    """Return the place of the first text with half of a surrogate pair, None without such a text.

    The place of the whole value is empty.
    """
    if isinstance(value, str):
        return None if is_utf8(value) else ""
    if not isinstance(value, dict | list):
        return None
    items: Iterable[Any] = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if not is_utf8(str(key)):
            return ""
        if (inside := _place_of_half(item)) is not None:
            return f"{key}.{inside}".rstrip(".")
    return None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for name, item in pairs:
        if name in value:
            raise BadRequest(f"The key {name[:80]!r} appears twice in one object.")
        value[name] = item
    return value


def _constant(text: str) -> Any:
    raise BadRequest(f"{text} is not a JSON number.")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadRequest(f"A number has more than {MAX_DIGITS} digits.")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")) or len(text) > MAX_DIGITS:
        raise BadRequest(f"The number {text[:40]} is too large.")
    return value


def is_utf8(text: str) -> bool:
    """Return whether a text can be encoded as UTF-8, so has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
