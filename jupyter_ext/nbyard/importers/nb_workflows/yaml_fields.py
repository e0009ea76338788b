"""Fields of foreign files: of the right type, or listed as left out."""

from collections.abc import Iterable, Mapping
from typing import Any

from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

MOST_SHOWN = 80
MOST_DIGITS = 18
# Such values ask for nothing.
NOTHING: tuple[Any, ...] = (None, "", False, 0, [], {})


class Fields:
    """The fields of an object at a place of a file. `left` collects what is left out.

    The methods raise Invalid, naming the field, for a value of another type.
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
        """Return the object of a field, empty without it."""
        return Fields(self._value.get(name) or {}, self._at(name), self.left)

    def each(self, name: str) -> Iterable[tuple[str, "Fields"]]:
        """Yield the objects of a field by their names."""
        entries = self.below(name)
        for key in entries._value:
            yield key, entries.below(key)

    def text(self, name: str) -> str:
        """Return a text, empty without it; numbers become texts.

        Raises:
            Invalid: the value is not a text.
        """
        value = self._value.get(name)
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            raise Invalid.field(self._at(name), because("text-needed", given=_given(value)))
        return str(value)

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty without it.

        Raises:
            Invalid: the value is not a list of texts.
        """
        value = self._value.get(name) or []
        if not isinstance(value, list):
            raise Invalid.field(self._at(name), because("list-needed", given=_given(value)))
        for text in value:
            if not isinstance(text, str):
                raise Invalid.field(self._at(name), because("text-needed", given=_given(text)))
        return [*dict.fromkeys(value)]

    def number(self, name: str) -> int | None:
        """Return a whole number, or None without it; texts of digits become numbers.

        Raises:
            Invalid: the value is not an integer, or is too large.
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
        """Return the value of a field, None without it."""
        return self._value.get(name)

    def leave_out(self, names: Iterable[str], code: str = "import-no-field") -> None:
        """Add to `left` which of these fields are set, each with its value."""
        for name in names:
            value = self._value.get(name)
            if not _is_nothing(value):
                shown = str(value)[:MOST_SHOWN]
                self.left.append(because(code, place=self._at(name), value=shown))

    def leave_out_others(self, known: Iterable[str]) -> None:
        """List fields that no version of the format has."""
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
