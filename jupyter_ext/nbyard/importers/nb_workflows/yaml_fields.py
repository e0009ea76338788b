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

    A value of the wrong type counts as missing, and is recorded there.

    Raises:
        Invalid: The object itself is something else, such as a list.
    """

    def __init__(self, value: Any, place: str, left: list[Reason]):
        if not isinstance(value, Mapping):
            raise Invalid.field(place, "an object is needed")
        self._value = value
        self.place = place
        self.left = left

    def __contains__(self, name: str) -> bool:
        return self._value.get(name) is not None

    def below(self, name: str) -> "Fields":
        """Return the object in a field, an empty one if the field is missing."""
        value = self._value.get(name) or {}
        if not isinstance(value, Mapping):
            self._refuse(name, "an object is needed")
            value = {}
        return Fields(value, self._at(name), self.left)

    def each(self, name: str) -> Iterable[tuple[str, "Fields"]]:
        """Yield the objects in a field, by their names."""
        entries = self.below(name)
        for key in entries._value:
            yield key, entries.below(key)

    def text(self, name: str) -> str:
        """Return a text, "" if the field is missing. Numbers become texts."""
        value = self._value.get(name)
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            self._refuse(name, f"text is needed, not {_given(value)}")
            return ""
        # YAML reads `version: 0.2` as a number.
        return str(value)

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list, [] if the field is missing."""
        value = self._value.get(name) or []
        if not isinstance(value, list):
            self._refuse(name, f"a list is needed, not {_given(value)}")
            return []
        for entry in value:
            if not isinstance(entry, str):
                self._refuse(name, f"text is needed, not {_given(entry)}")
        return [*dict.fromkeys(entry for entry in value if isinstance(entry, str))]

    def number(self, name: str) -> int | None:
        """Return a whole number, None if the field is missing. Texts of digits become numbers."""
        value = self._value.get(name)
        if value is None:
            return None
        is_text = isinstance(value, str) and value.isascii() and value.isdecimal()
        if is_text and len(value) <= MOST_DIGITS:
            return int(value)
        if is_text or (isinstance(value, int) and abs(value) >= 10**MOST_DIGITS):
            self._refuse(name, "the number is too large")
        elif isinstance(value, bool) or not isinstance(value, int):
            self._refuse(name, f"a whole number is needed, not {_given(value)}")
        else:
            return value
        return None

    def flag(self, name: str) -> bool:
        """Return true or false, false if the field is missing."""
        value = self._value.get(name, False)
        if not isinstance(value, bool):
            self._refuse(name, f"true or false is needed, not {_given(value)}")
            return False
        return value

    def entries(self, name: str) -> dict[str, Any]:
        """Return the entries of an object, whatever their types, {} if the field is missing."""
        return dict(self.below(name)._value)

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

    def leave_out_value(self, name: str, value: Any, why: Reason | str) -> None:
        """Record a value of a field that cannot be kept."""
        shown = str(value)[:MOST_SHOWN]
        self.left.append(because("import-bad-value", place=self._at(name), value=shown, why=why))

    def leave_out_others(self, known: Iterable[str]) -> None:
        """Record all fields except the known ones as left out."""
        self.leave_out([name for name in self._value if name not in {*known}])

    def _refuse(self, name: str, why: Reason | str) -> None:
        self.left.append(because("import-wrong-type", place=self._at(name), why=why))

    def _at(self, name: str) -> str:
        return f"{self.place}.{name}" if self.place else name


def _is_nothing(value: Any) -> bool:
    if isinstance(value, Mapping) and value:
        return all(map(_is_nothing, value.values()))
    return value in NOTHING


def _given(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return str(value)[:MOST_SHOWN]
