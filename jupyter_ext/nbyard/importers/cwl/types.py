"""Reads typed fields, and types of parameters (CWL v1.2 CommandLineTool, sections 5.1 and 5.2).

Only types that arguments can have are supported.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from nbyard.domain.arguments.bindings import Bound
from nbyard.domain.arguments.parameter_references import names_in
from nbyard.domain.arguments.structs import ValueType
from nbyard.domain.file_formats import MEDIA_TYPES
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

# Directives refer to other files, which are not read here.
DIRECTIVES = ("$import", "$include", "$mixin")
# Fields without effect on how the tool runs.
DOCUMENTATION = ("id", "label", "doc", "intent")
IANA = "https://www.iana.org/assignments/media-types/"
EDAM = "http://edamontology.org/format_"
OURS = "urn:nbyard:format:"
NUMBERS = {
    "3752": "csv",
    "3475": "tsv",
    "3464": "json",
    "2330": "txt",
    "2331": "html",
    "3603": "png",
    "3579": "jpg",
    "3604": "svg",
    "3508": "pdf",
    "3987": "zip",
    "3620": "excel",
}
WORDS = {f"{IANA}{name}": word for word, name in MEDIA_TYPES.items()} | {
    f"{EDAM}{number}": word for number, word in NUMBERS.items()
}
PLAIN: dict[str, ValueType] = {
    "string": "string",
    "int": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "Any": "json",
}
FILES = ("File", "Directory")
# The name for a union of both.
EITHER = "File or Directory"
UNION = "a union of several types is not supported (of one type with null is)"
STREAMS = ("stdin", "stdout", "stderr")


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


def format_name(name: str, namespaces: Mapping[str, str]) -> str:
    """Return nbyard's name for a format in a document, "" if nbyard does not know the format."""
    prefix, colon, rest = name.partition(":")
    iri = namespaces[prefix] + rest if colon and prefix in namespaces else name
    if iri.startswith(OURS):
        return iri.removeprefix(OURS)
    # Documents name IANA's media types with `http`, too.
    return WORDS.get(iri.replace("http://www.iana", "https://www.iana"), "")


def iri_of(word: str) -> str:
    """Return the IRI for nbyard's name of a format."""
    return IANA + MEDIA_TYPES[word] if word in MEDIA_TYPES else OURS + word


class Type(msgspec.Struct, frozen=True):
    """A type of CWL."""

    name: str  # also `array`, `enum` or `record`
    nullable: bool = False
    items: "Type | None" = None
    symbols: tuple[str, ...] = ()
    fields: tuple[tuple[str, Fields], ...] = ()
    binding: Fields | None = None  # of a record, an enum or an array's items

    @property
    def value(self) -> ValueType:
        """Return nbyard's name for the type."""
        if self.name in PLAIN:
            return PLAIN[self.name]
        return "choice" if self.name == "enum" else "list"

    @property
    def innermost(self) -> "Type":
        """Return the type of the innermost items of nested arrays."""
        return self.items.innermost if self.name == "array" and self.items else self


def read_type(declared: Any, where: str, notes: list[Reason]) -> Type:
    """Return the type in a field `type` or `items`.

    Raises:
        Invalid: The type is unknown, or a union of several types.
    """
    if isinstance(declared, str):
        return _type_of_name(declared, where)
    if isinstance(declared, dict):
        return _schema(Fields(declared, where, notes))
    if not isinstance(declared, list):
        refuse_field(where, f"a type is needed, not {shown_value(declared)}")
    types = [read_type(alternative, where, notes) for alternative in declared]
    others = [kind for kind in types if kind.name != "null"]
    if types and not others:
        return types[0]
    if sorted(kind.name for kind in others) == sorted(FILES):
        others = [Type(EITHER, nullable=any(kind.nullable for kind in others))]
    if len(others) != 1:
        refuse_field(where, UNION)
    nullable = len(others) < len(types) or others[0].nullable
    return msgspec.structs.replace(others[0], nullable=nullable)


def _type_of_name(name: str, where: str) -> Type:
    if name.endswith("?"):
        return msgspec.structs.replace(_type_of_name(name[:-1], where), nullable=True)
    if name.endswith("[]"):
        return Type("array", items=_type_of_name(name[:-2], where))
    if name in PLAIN or name in FILES or name in STREAMS or name == "null":
        return Type(name)
    refuse_field(where, f"there is no type {name[:60]!r}")


def _schema(fields: Fields) -> Type:
    name = fields.text("type")
    binding = None
    if "inputBinding" in fields:
        binding = Fields(fields.get("inputBinding"), fields.at("inputBinding"), fields.notes)
    if name == "array":
        fields.allow_only("type", "items", "name", "inputBinding")
        items = read_type(fields.get("items"), fields.at("items"), fields.notes)
        return Type("array", items=items, binding=binding)
    if name == "enum":
        fields.allow_only("type", "symbols", "name", "inputBinding")
        symbols = [bare_name(str(symbol)) for symbol in fields.listed("symbols")]
        if not symbols or len(set(symbols)) < len(symbols):
            refuse_field(fields.at("symbols"), "at least one symbol is needed, and no symbol twice")
        return Type("enum", symbols=tuple(symbols), binding=binding)
    if name == "record":
        fields.allow_only("type", "fields", "name", "inputBinding")
        return Type(
            "record", fields=tuple(fields.entries("fields", "name", "type")), binding=binding
        )
    fields.allow_only("type")
    return _type_of_name(name, fields.at("type"))


def read_binding(fields: Fields) -> Bound:
    """Return a CommandLineBinding (section 5.1.6).

    Raises:
        Invalid: `position` is not a whole number, or `separate` is false without a prefix.
    """
    fields.allow_only(
        "position", "prefix", "separate", "itemSeparator", "valueFrom", "shellQuote", "loadContents"
    )
    position = fields.get("position")
    if isinstance(position, bool) or not isinstance(position, int | None):
        refuse_field(
            fields.at("position"), f"a whole number is needed, not {shown_value(position)}"
        )
    joined = not fields.truth("separate", True)
    prefix = fields.text("prefix")
    if joined and not prefix:
        refuse_field(fields.at("separate"), "is allowed only with a prefix")
    separator = fields.text("itemSeparator") if "itemSeparator" in fields else None
    text = fields.expression("valueFrom")
    raw = not fields.truth("shellQuote", True)
    return Bound(position or 0, prefix, joined, separator, text, raw=raw)


def item_binding(array: Type) -> Bound | None:
    """Return the binding of each item of an array, None if items have none."""
    if array.name != "array" or array.items is None:
        return None
    if array.items.name != "record":
        inner = item_binding(array.items)
        if array.binding is None:
            return Bound(each=inner) if inner else None
        bound = msgspec.structs.replace(read_binding(array.binding), position=0, each=inner)
        return None if bound == Bound() else bound
    # The own words of a record precede those of its fields.
    bindings = [binding for binding in (array.binding, array.items.binding) if binding is not None]
    if len(bindings) > 1:
        refuse_field(bindings[0].where, "the records of the list already have a binding")
    own = read_binding(bindings[0]) if bindings else Bound()
    if own.text is not None:
        refuse_field(bindings[0].at("valueFrom"), "is not supported for a record")
    of_fields = {}
    for name, fields in array.items.fields:
        fields.allow_only("type", "inputBinding", "name")
        kind = read_type(fields.get("type"), fields.at("type"), fields.notes)
        what = kind.innermost.name
        if what in (*FILES, "record", *STREAMS):
            refuse_field(fields.at("type"), f"a {what} in a list of records is not supported")
        field_binding = None
        if (binding := fields.get("inputBinding")) is not None:
            field_binding = read_binding(Fields(binding, fields.at("inputBinding"), fields.notes))
        field_binding = bound_array(field_binding, kind) if kind.name == "array" else field_binding
        if field_binding is not None:
            of_fields[name] = field_binding
    return msgspec.structs.replace(own, position=0, fields=of_fields)


def bound_array(own: Bound | None, array: Type) -> Bound | None:
    """Return the binding of an array, None if neither the array nor its items have one."""
    each = item_binding(array)
    if own is not None:
        return msgspec.structs.replace(own, each=each)
    if array.binding is None:
        return Bound(each=each) if each else None
    return Bound(read_binding(array.binding).position, each=each)
