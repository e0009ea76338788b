"""The canonical JSON text of files that users edit, such as workflows.

`src/document/canonical.ts` writes the same bytes, so that browser and server save identical files.
Keys are in UTF-16 order, indented by two spaces. An array of scalars is on one line. The text
ends with a line end. Numbers are written as in JavaScript.
"""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

# JavaScript's MAX_SAFE_INTEGER. A browser rounds larger integers, so the server must do the same.
MAX_SAFE = 2**53 - 1

_HALF = re.compile("[\ud800-\udfff]")


def canonical(value: Any) -> str:
    """Return the canonical text of a JSON value."""
    return _write(value, "\n") + "\n"


def _write(value: Any, newline: str) -> str:
    deeper = newline + "  "
    if isinstance(value, Mapping):
        # JavaScript sorts strings by UTF-16 code units
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        lines = [f"{_text(key)}: {_write(value[key], deeper)}" for key in keys]
        return "{" + deeper + ("," + deeper).join(lines) + newline + "}" if lines else "{}"
    if isinstance(value, list | tuple):
        if not any(isinstance(item, Mapping | list | tuple) for item in value):
            return "[" + ", ".join(map(_scalar, value)) + "]"
        lines = [_write(item, deeper) for item in value]
        return "[" + deeper + ("," + deeper).join(lines) + newline + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not isinstance(value, int | float):
        return _text(value)
    # a number as ECMAScript writes it; null if it is not finite
    if isinstance(value, int) and abs(value) <= MAX_SAFE:
        return str(value)
    try:
        number = float(value)
    except OverflowError:
        return "null"
    sign = "-" if number < 0 else ""
    return sign + _shortest(abs(number)) if math.isfinite(number) else "null"


def _text(value: str) -> str:
    # halves of surrogate pairs cannot be encoded; a browser escapes them as well
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", json.dumps(value, ensure_ascii=False))


def _shortest(number: float) -> str:
    parts = Decimal(repr(number)).normalize().as_tuple()
    digits = "".join(map(str, parts.digits))
    point = len(digits) + int(parts.exponent)  # position of the decimal point in the digits
    if digits == "0":
        return "0"
    # The limits 21 and -6 for the notation with an exponent are those of ECMAScript's numbers.
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{mantissa}e{'+' if point > 0 else '-'}{abs(point - 1)}"
