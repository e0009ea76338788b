"""Reasons of states: a code with typed parameters, and its text in English.

The store, the events and the API carry reasons as `{code, params}`. Text is rendered at the edges:
here for the shell, logs and notebooks, in `src/reasons` for the browser. The catalogue
`codes` lists every code; tests/cases/reasons.json holds examples that both sides render.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from nbyard.reasons.codes import CODES
from nbyard.reasons.codes.code import FIELD

UNITS = ("B", "kB", "MB", "GB", "TB")
BETWEEN = "; "
THOUSANDS = ","
BYTES = "bytes"


def format_bytes(count: int) -> str:
    """Return a number of bytes with its unit, such as `15.2 kB`."""
    # Digits are counted, because math.log(1000, 10) is less than 3.
    power = min((len(str(count)) - 1) // 3, len(UNITS) - 1)
    if not power:
        return f"{count} B"
    unit = 1000**power
    tenths = (count * 10 + unit // 2) // unit
    if tenths == 10_000 and power + 1 < len(UNITS):  # 999,950 bytes are 1.0 MB
        tenths, power = 10, power + 1
    return f"{tenths / 10:.1f} {UNITS[power]}"


class Reason(msgspec.Struct, frozen=True):
    """A reason: a code of the catalogue, and the parameters of its text.

    Parameters are texts, numbers, nested reasons or lists of these. `str` renders the text.
    """

    code: str
    params: dict[str, Any] = {}

    def __str__(self) -> str:
        """Return the reason in English."""
        return _text(self.code, self.params)


def because(code: str, **params: Any) -> Reason:
    """Return the reason with this code.

    A text may stand for a nested reason.

    Raises:
        KeyError: The catalogue does not have the code.
        TypeError: The parameters are not those of the code.
    """
    fields = _fields_of(code)
    if params.keys() != fields.keys():
        raise TypeError(f"{code} has the parameters {sorted(fields)}, not {sorted(params)}")
    for name, value in params.items():
        kind = fields[name]
        if kind is Reason.__name__ and isinstance(value, str):
            params[name] = because("text", text=value)
            fits = True
        elif kind is Reason.__name__:
            fits = isinstance(value, Reason)
        elif kind == [Reason.__name__]:
            fits = isinstance(value, list) and all(isinstance(element, Reason) for element in value)
        else:
            # In Python, True is an integer, but a text cannot show it as a number.
            fits = isinstance(value, kind) and not isinstance(value, bool)
        if not fits:
            raise TypeError(f"{code}: {name} is {value!r}")
    # Nested reasons become plain data: the reason then equals its copy from the store.
    return Reason(code, msgspec.to_builtins(params))


@cache
def _fields_of(code: str) -> dict[str, Any]:
    return CODES[code].fields


def text_reason(text: str) -> Reason | None:
    """Return a text of another program as a reason, None for an empty one."""
    return because("text", text=text) if text else None


def read_reason(value: Any) -> Reason | None:
    """Return the reason in plain data, such as an event."""
    return msgspec.convert(value, Reason | None)


def all_of(reasons: list[Reason]) -> Reason:
    """Return several reasons as one."""
    return reasons[0] if len(reasons) == 1 else because("all", reasons=reasons)


def joined(reasons: Iterable[Reason | None]) -> Reason | None:
    """Return the reasons that exist as one, None if there are none."""
    present = [reason for reason in reasons if reason is not None]
    return all_of(present) if present else None


def separate(reason: Reason | None) -> list[Reason]:
    """Return the reasons that were joined as one."""
    if reason is None or reason.code != "all":
        return [] if reason is None else [reason]
    return msgspec.convert(reason.params.get("reasons", ()), list[Reason])


def reason_text(*reasons: Reason | None) -> str:
    """Return the text of the reasons that exist, such as why a task runs and what it waits for."""
    return " – ".join(str(reason) for reason in reasons if reason is not None)


def is_known(value: Any) -> bool:
    """Return whether the catalogue can render a reason with its nested reasons.

    A newer server or another package may have written it.
    """
    if isinstance(value, list):
        return all(map(is_known, value))
    if isinstance(value, Reason):
        value = msgspec.structs.asdict(value)
    if isinstance(value, dict) and isinstance(value.get("params"), dict):
        return value.get("code") in CODES and all(map(is_known, value["params"].values()))
    return True


def nested_reasons(reason: Reason) -> list[Reason]:
    """Return a reason and the reasons in its parameters, which may be plain data."""
    values: list[Any] = []
    for value in reason.params.values():
        values += value if isinstance(value, list) else [value]
    reasons = [reason]
    for value in values:
        if isinstance(value, dict) and value.keys() == {"code", "params"}:
            reasons += nested_reasons(msgspec.convert(value, Reason))
    return reasons


def nested_texts(reason: Reason) -> set[str]:
    """Return the parameters of a reason and of those in it that are texts."""
    values = [value for part in nested_reasons(reason) for value in part.params.values()]
    return {value for value in values if isinstance(value, str)}


def _text(code: str, params: dict[str, Any]) -> str:
    known = CODES.get(code)
    if known is None:  # written by a newer version or another package
        return str(params.get("text") or code)
    return FIELD.sub(lambda field: _value(params.get(field[1], ""), field[2]), known.text)


def _value(value: Any, between: str | None) -> str:
    if isinstance(value, list):
        return (between or BETWEEN).join(_value(element, None) for element in value)
    if isinstance(value, dict):
        code, params = value.get("code"), value.get("params", {})
        if isinstance(code, str) and isinstance(params, dict):
            return _text(code, params)
    singular, is_counted, plural = (between or "").partition("|")
    if is_counted:  # a number with its noun
        return f"{_value(value, None)} {singular if value == 1 else plural}"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:g}"
    if isinstance(value, float):
        value = int(value)
    if between == BYTES and isinstance(value, int):
        return format_bytes(value)
    return f"{value:,}" if between == THOUSANDS and isinstance(value, int) else str(value)
