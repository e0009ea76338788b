"""Reads fields of YAML files, checks their types, and records what is left out."""

from collections.abc import Iterable, Mapping
from typing import Any

from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

MOST_SHOWN = 80
# Numbers of up to 18 digits fit in 64 bits.
MOST_DIGITS = 18
# Such values ask for nothing.
NOTHING: tuple[Any, ...] = (None, "", False, 0, [], {})


class Fields:
    """The fields of an object in a file. `left` collects what nbyard cannot keep.

    The methods raise Invalid for a value of the wrong type. The error names the field.
    """

    def __init__(self, value: Any, place: str, left: list[Reason]):
        if not isinstance(value, Mapping):
            raise Invalid.field(place, because("object-needed"))
        self._value = value
        self.place = place
        self.left = left

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def below(self, name: str) -> "Fields":
        """Return the object in a field, an empty one if the field is missing."""
        return Fields(self._value.get(name) or {}, self._at(name), self.left)

    def each(self, name: str) -> Iterable[tuple[str, "Fields"]]:
        """Yield the objects in a field, by their names."""
        entries = self.below(name)
        for key in entries._value:
            yield key, entries.below(key)

    def text(self, name: str) -> str:
        """Return a text, "" if the field is missing. Numbers become texts.

        Raises:
            Invalid: The value is not a text.
        """
        value = self._value.get(name)
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            raise Invalid.field(self._at(name), because("text-needed", given=_given(value)))
        # YAML reads `version: 0.2` as a number.
        return str(value)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, [] if the field is missing.

        Raises:
            Invalid: The value is not a list of texts.
        """
        value = self._value.get(name) or []
        if not isinstance(value, list):
            raise Invalid.field(self._at(name), because("list-needed", given=_given(value)))
        for text in value:
            if not isinstance(text, str):
                raise Invalid.field(self._at(name), because("text-needed", given=_given(text)))
        return [*dict.fromkeys(value)]

    def number(self, name: str) -> int | None:
        """Return a whole number, None if the field is missing. Texts of digits become numbers.

        Raises:
            Invalid: The value is not an integer, or is too large.
        """
        value = self._value.get(name)
        if value is None:
            return None
        is_text = isinstance(value, str) and value.isascii() and value.isdecimal()
        if is_text and len(value) <= MOST_DIGITS:
            return int(value)
        if is_text or (isinstance(value, int) and abs(value) >= 10**MOST_DIGITS):
            raise Invalid.field(self._at(name), because("number-too-large"))
        if isinstance(value, bool) or not isinstance(value, int):
            raise Invalid.field(self._at(name), because("integer-needed", given=_given(value)))
        return value

    def number_or_left_out(self, name: str) -> int | None:
        """Return a whole number, None if the field is missing or left out for its value."""
        try:
            return self.number(name)
        except Invalid as error:
            why = error.details[0].why
            self.left.append(because("import-wrong-type", place=self._at(name), why=why))
            return None

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false.

        Raises:
            Invalid: the value is not true or false.
        """
        value = self._value.get(name, default)
        if not isinstance(value, bool):
            raise Invalid.field(self._at(name), because("boolean-needed", given=_given(value)))
        return value

    def value(self, name: str) -> Any:
        """Return the value of a field, None if it is missing."""
        return self._value.get(name)

    def leave_out(self, names: Iterable[str], code: str = "import-no-field", **params: Any) -> None:
        """Record which of these fields are set but cannot be kept, with their values.

        `params` are the other parameters of the reason with this code.
        """
        for name in names:
            value = self._value.get(name)
            if not _is_nothing(value):
                shown = str(value)[:MOST_SHOWN]
                self.left.append(because(code, place=self._at(name), value=shown, **params))

    def leave_out_others(self, known: Iterable[str]) -> None:
        """Record all fields except the known ones as left out."""
        self.leave_out([name for name in self._value if name not in {*known}])

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def _is_nothing(value: Any) -> bool:
    if isinstance(value, Mapping) and value:
        return all(map(_is_nothing, value.values()))
    return value in NOTHING


def _given(value: Any) -> Reason:
    if isinstance(value, bool):
        return because("given-boolean")
    return because("given-text", text=str(value)[:MOST_SHOWN])
