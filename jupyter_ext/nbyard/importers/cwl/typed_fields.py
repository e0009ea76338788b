"""Reads the objects of a document, and checks the types of their fields."""

from collections.abc import Iterator
from typing import Any, NoReturn

from nbyard.domain.arguments.parameter_references import names_in
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

# Directives refer to other files, which are not read here.
DIRECTIVES = ("$import", "$include", "$mixin")
# Fields without effect on how the tool runs.
DOCUMENTATION = ("id", "label", "doc", "intent")


class Fields:
    """An object in the document, at the path `where`. `notes` collects messages for users.

    The methods raise Invalid for a value of the wrong type. The error names the field.
    """

    def __init__(self, value: Any, where: str, notes: list[Reason]):
        if not isinstance(value, dict):
            refuse_field(where, f"an object is needed, not {shown_value(value)}")
        self.value: dict[str, Any] = value
        self.where = where
        self.notes = notes

    def __contains__(self, name: str) -> bool:
        return self.value.get(name) is not None

    def allow_only(self, *names: str) -> None:
        """Refuse all fields except these. A field with a namespace is ignored with a note."""
        for name in self.value:
            if name in DIRECTIVES:
                refuse_field(
                    self.where,
                    f"{name} is not supported here: put the content of its file into this file",
                )
            if name in names or name in DOCUMENTATION:
                continue
            if ":" not in name:
                refuse_field(self.at(name), "is not supported")
            self.notes.append(because("cwl-field-left-out", path=self.at(name)))

    def at(self, name: str) -> str:
        """Return the path of a field in the document."""
        return f"{self.where}.{name}" if self.where else name

    def get(self, name: str) -> Any:
        """Return the value of a field, None if it is missing."""
        return self.value.get(name)

    def text(self, name: str, default: str = "") -> str:
        """Return a text, which may not contain references."""
        text = self.expression(name)
        if text is not None and names_in(text, self.at(name)):
            refuse_field(self.at(name), "references are not supported here")
        return default if text is None else text

    def expression(self, name: str) -> str | None:
        """Return a text that may contain references, None if the field is missing.

        Malformed references are refused.
        """
        text = self.value.get(name)
        if text is None:
            return None
        if not isinstance(text, str):
            refuse_field(
                self.at(name), f"text is needed, not {shown_value(text)}: put it in quotes"
            )
        names_in(text, self.at(name))
        return text

    def help(self) -> str:
        """Return the help text: the field `doc`, or else `label`."""
        label, doc = self.text("label"), self.value.get("doc")
        lines = doc if isinstance(doc, list) else [label if doc is None else doc]
        for line in lines:
            if not isinstance(line, str):
                refuse_field(
                    self.at("doc"), f"text is needed, not {shown_value(line)}: put it in quotes"
                )
        return "\n".join(lines)

    def truth(self, name: str, default: bool) -> bool:
        """Return a truth value, or the default if it is missing."""
        flag = self.value.get(name)
        if not isinstance(flag, bool | None):
            refuse_field(self.at(name), f"true or false is needed, not {shown_value(flag)}")
        return default if flag is None else flag

    def number(self, name: str, kind: type[int] | type[float] = int) -> Any:
        """Return a number of at least 0, None if the field is missing."""
        number = self.value.get(name)
        is_number = isinstance(number, int | kind) and not isinstance(number, bool)
        if number is not None and (not is_number or number < 0):
            refuse_field(
                self.at(name), f"a number of at least 0 is needed, not {shown_value(number)}"
            )
        return number

    def listed(self, name: str) -> list[Any]:
        """Return a list.

        A single value becomes a list of one, and a missing field an empty list.
        """
        value = self.value.get(name)
        if value is None:
            return []
        return value if isinstance(value, list) else [value]

    def entries(self, name: str, key: str, shorthand: str) -> Iterator[tuple[str, "Fields"]]:
        """Yield name and object of each member of a field, which is a list or an object.

        In a list, the field `key` of a member is its name. In an object, a plain value stands for
        an object with only the field `shorthand`.
        """
        members = self.value.get(name)
        if isinstance(members, list):
            for index, entry in enumerate(members):
                member = Fields(entry, f"{self.at(name)}.{index}", self.notes)
                called = member.value.get(key)
                if not isinstance(called, str) or not called:
                    refuse_field(member.at(key), "a name is needed")
                member.where = self.at(f"{name}.{bare_name(called)}")
                yield bare_name(called), member
        elif isinstance(members, dict):
            for called, entry in members.items():
                if called in DIRECTIVES:
                    refuse_field(self.at(name), f"{called} is not supported here")
                # CWL's map form: `name: int` is short for `name: {type: int}`.
                whole = entry if isinstance(entry, dict) or not shorthand else {shorthand: entry}
                yield (
                    bare_name(called),
                    Fields(whole, self.at(f"{name}.{bare_name(called)}"), self.notes),
                )
        elif members is not None:
            refuse_field(
                self.at(name), f"a list or an object is needed, not {shown_value(members)}"
            )


def bare_name(name: str) -> str:
    """Return a name without those of the document and tool that contain it."""
    # In a `$graph`, ids are references such as `#main/input`.
    return name.rpartition("#")[2].rpartition("/")[2]


def check_codes(fields: Fields, name: str) -> tuple[int, ...]:
    """Return the exit codes in a field.

    Raises:
        Invalid: A code is not between 0 and 255.
    """
    codes = fields.listed(name)
    for code in codes:
        if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= 255:
            refuse_field(fields.at(name), f"{shown_value(code)} is not an exit code")
    return tuple(codes)


def refuse_field(where: str, why: str) -> NoReturn:
    """Raise the error that refuses a field of the document.

    Raises:
        Invalid: Always.
    """
    raise Invalid.field(where or "document", why)


def shown_value(value: Any) -> str:
    """Return a value as it appears in a message."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return repr(value)[:60]
