"""Checks the values of a column as they come from JSON, whole columns at once if possible."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timezone
from typing import Any

from nbyard.runner.handoff.text_format import CLEAR, NULLS, moment_of

LEAST, MOST = -(2**63), 2**63 - 1
# Floats represent all integers exactly up to this one.
EXACT = 2**53
# only the common form of ISO 8601, without days of weeks
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# digits that a Python time drops
NANOSECONDS = re.compile(r"\.[0-9]{6}(?!000)[0-9]{3}")
MIDNIGHT = time()
# the range of times that count nanoseconds in 64 bits
FIRST, LAST = "1677-09-22", "2262-04-10"
MAX_SHOWN = 60
# spellings in cells of CSV
WORDS = frozenset(NULLS)
TRUE, FALSE = ("true", "True", "TRUE", "1"), ("false", "False", "FALSE", "0")
TRUTHS = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"[+-]?[0-9]+")
NO_NUMBER = ("nan", "inf", "infinity")
# Python converts no text of more than 4,300 digits to an integer, and long ones slowly.
MAX_DIGITS = 1000

Values = Sequence[Any]


class UnfitValue(ValueError):
    """A value does not have its column's type. The message describes the needed value."""


def _integer(value: Any) -> int:
    # JSON may write whole numbers as 3.0 or 1e3, which Python reads as floats.
    if type(value) is float and value.is_integer() and abs(value) <= EXACT:
        return int(value)
    is_large = type(value) is float and value.is_integer() and not LEAST <= value <= MOST
    if type(value) is not int and not is_large:
        raise UnfitValue("a whole number is needed")
    if is_large or not LEAST <= value <= MOST:
        raise UnfitValue("a whole number of 64 bits is needed")
    return int(value)


def _number(value: Any) -> float:
    # bool is a subclass of int, but not a number here
    if type(value) not in (int, float):
        raise UnfitValue("a number is needed")
    try:
        number = float(value)
    except OverflowError:
        raise UnfitValue("the number is too large") from None
    if not math.isfinite(number):
        raise UnfitValue("a finite number is needed")
    return number


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise UnfitValue("true or false is needed")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UnfitValue("text is needed")
    return value


def _day(value: Any) -> date:
    # pandas represents dates as times at midnight
    if isinstance(value, datetime) and value.time() == MIDNIGHT:
        return value.date()
    if type(value) is date:
        return value
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise UnfitValue("a date such as 2026-01-31 is needed")


def _time(value: Any) -> datetime:
    """Convert a time to UTC, without a zone. A time without a zone is in UTC."""
    needed = "a time such as 2026-01-31T12:00:00Z is needed"
    if isinstance(value, str):
        text = value.replace("Z", "+00:00")
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise UnfitValue(needed) from None
        if NANOSECONDS.search(text):
            import pandas

            try:
                # pandas' subclass of datetime keeps nanoseconds
                value = pandas.Timestamp(text).as_unit("ns")
            except pandas.errors.OutOfBoundsDatetime:
                raise UnfitValue(f"a time with nanoseconds is from {FIRST} to {LAST}") from None
    if not isinstance(value, datetime):
        raise UnfitValue(needed)
    if value.tzinfo is None:
        return value
    try:
        return value.astimezone(timezone.utc).replace(tzinfo=None)  # noqa: UP017  older Pythons
    except OverflowError:
        raise UnfitValue("the time is out of range") from None


CHECKS: dict[str, Callable[[Any], Any]] = {
    "int": _integer,
    "float": _number,
    "str": _text,
    "bool": _truth,
    "date": _day,
    "datetime": _time,
}
PLAIN: dict[str, set[type]] = {
    "int": {int},
    "float": {int, float},
    "str": {str},
    "bool": {bool},
}


def value_of_text(kind: str, text: str, nullable: bool, decimal_comma: bool) -> Any:
    """Convert a cell of CSV to a value as in JSON. Words such as NA are null if nullable.

    A cell that cannot be converted stays text. The check of its column refuses it later.
    """
    if text in WORDS and (nullable or (not text and kind != "str")):
        return None
    word = text.strip(" \t")
    if kind == "bool":
        return TRUTHS.get(word.lower(), text)
    if kind in CLEAR:
        return word if DAY.match(word) else moment_of(word, CLEAR[kind]) or word
    if kind in ("int", "float"):
        return _number_of_text(kind, word, nullable, decimal_comma)
    return text


def _number_of_text(kind: str, word: str, nullable: bool, decimal_comma: bool) -> Any:
    if decimal_comma and "." in word:  # thousands, as in 2.800
        return word
    number = word.replace(",", ".") if decimal_comma else word
    if kind == "float" and number.lstrip("+-").lower() in NO_NUMBER:
        return None if nullable and number.lower().endswith("nan") else float(number)
    if len(number) <= MAX_DIGITS and NUMBER.fullmatch(number):
        return int(number) if kind == "int" and WHOLE.fullmatch(number) else float(number)
    return word


def is_plain(kind: str, values: Values) -> bool:
    """Return whether all values fit a type as they are; checked fast, as a whole.

    If it is False, some values may still fit, and are checked one by one.
    """
    allowed = PLAIN.get(kind)
    kinds = set(map(type, values))
    if allowed is None or not kinds <= allowed:
        return False
    # JSON has no integers beyond 64 bits here, except as floats
    if int in kinds and not (min(values) >= LEAST and max(values) <= MOST):
        return False
    if kind == "float":
        try:
            # One sum finds NaN and infinite numbers in the whole column, without a loop in Python.
            return math.isfinite(math.fsum(values))
        except (OverflowError, ValueError):  # too large, or infinite in both directions
            return False
    return True


def shown_value(value: Any) -> str:
    """Return a value for an error message: cut, and written as in JSON, texts as in Python."""
    text = repr(value)
    if not isinstance(value, str):
        with contextlib.suppress(TypeError, ValueError, RecursionError):
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if type(value) is float and value.is_integer() and abs(value) > EXACT:
        text = f"about {value:.0f}"  # an integer that JSON has read as a float
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
