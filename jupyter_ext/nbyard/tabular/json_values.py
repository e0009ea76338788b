"""Converts values of tables to JSON that every browser reads in the same way."""

import math
from datetime import date, datetime, time, timedelta

from nbyard.domain.datasets.table_descriptions import MAX_CELL_CHARACTERS

SAFE_INT = 2**53 - 1
MAX_ITEMS = 100
MAX_DEPTH = 6
MARK = "…"


def to_json(value: object, depth: int = 0) -> object:
    """Return a JSON value.

    Huge integers and infinite numbers become texts, and long values are cut.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -SAFE_INT <= value <= SAFE_INT else cut_text(str(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return cut_text(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return _other(value, depth)


def _other(value: object, depth: int) -> object:
    """Return lists and objects with cut members, and any other value as text."""
    if isinstance(value, (list, tuple, dict)) and depth >= MAX_DEPTH:
        return MARK
    if isinstance(value, dict):
        items = list(value.items())[:MAX_ITEMS]
        return {cut_text(str(key)): to_json(item, depth + 1) for key, item in items}
    if isinstance(value, (list, tuple)):
        members = [to_json(item, depth + 1) for item in value[:MAX_ITEMS]]
        return [*members, MARK] if len(value) > MAX_ITEMS else members
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, (bytes, bytearray)):
        shown = bytes(value[: MAX_CELL_CHARACTERS // 4]).hex(" ")
        return cut_text(shown if len(value) <= MAX_CELL_CHARACTERS // 4 else shown + MARK)
    return cut_text(str(value))


def cut_text(text: str) -> str:
    """Return at most 1,000 characters as valid Unicode.

    A text that was cut ends with a mark.
    """
    if len(text) > MAX_CELL_CHARACTERS:
        text = text[: MAX_CELL_CHARACTERS - 1] + MARK
    # JSON may contain lone surrogates, which UTF-8 cannot encode.
    return text.encode("utf-8", "replace").decode()
