"""Dates, times and decimal numbers, which JSON and command lines write as text."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from nbyard.errors import Invalid

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
MAX_DIGITS = 1000


def given_type(value: Any) -> str:
    """Return the type of a refused value in words."""
    types = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    if isinstance(value, Mapping):
        return "an object"
    return types.get(type(value)) or f"a {type(value).__name__}"


def given_text(text: str) -> str:
    """Return the start of a refused text, quoted."""
    return repr(text[:40])


class TextType(NamedTuple):
    """A type: the form of its text, its class in Python, and an example for messages."""

    form: re.Pattern[str]
    read: Callable[[str], Any]
    example: str


TEXT_TYPES = {
    "date": TextType(re.compile(DAY), date.fromisoformat, "a date such as 2025-02-28"),
    "datetime": TextType(
        re.compile(f"{DAY}([T ]{CLOCK})?"),
        datetime.fromisoformat,
        "a date and time such as 2025-02-28T08:00 or 2025-02-28T08:00+01:00",
    ),
    "time": TextType(re.compile(CLOCK), time.fromisoformat, "a time such as 08:00"),
    "decimal": TextType(
        re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?"),
        Decimal,
        "a decimal number such as 1.50",
    ),
}


def check_text_value(kind: str, value: Any, where: str) -> str:
    """Return the text of a date, time or decimal number if it is valid.

    A decimal number may also be a JSON number.

    Raises:
        Invalid: the value is no such text. The error names the field `where`.
    """
    form, read, example = TEXT_TYPES[kind]
    is_number = kind == "decimal" and type(value) in (int, float)
    text = str(value) if is_number else value
    if isinstance(text, str) and len(text) <= MAX_DIGITS and form.fullmatch(text):
        with suppress(ValueError):
            read(text)
            return str(text)
    given = given_text(value) if isinstance(value, str) else given_type(value)
    raise Invalid.field(where, f"{example} is needed, not {given}")
