"""Reads the inputs of a tool (CWL v1.2 CommandLineTool, section 5.1) as arguments.

The arguments keep the order of their words on the command line (section 4.1).
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Beside, Bound, Companion, Reach, Referenced, Stdin
from nbyard.domain.arguments.parameter_references import REFERENCE, names_in
from nbyard.domain.arguments.structs import KNOWN_NAMES, NAMES, Argument
from nbyard.importers.cwl.references import free_name, reference_text, replace_self
from nbyard.importers.cwl.types import (
    EITHER,
    FILES,
    PLAIN,
    UNION,
    Fields,
    Type,
    bound_array,
    format_name,
    read_binding,
    read_type,
    refuse_field,
    shown_value,
)
from nbyard.reasons.structs import Reason, because

# Numbers sort before texts.
Key = tuple[tuple[int, int, str], ...]
WITH_FILES = ("secondaryFiles", "loadContents")
INPUT = (
    *("type", "default", "format", "inputBinding", "streamable", "loadListing"),
    *WITH_FILES,
)


def key_of(*parts: int | str) -> Key:
    """Return a sort key from positions and names, which section 4.1 compares in this way."""
    return tuple((0, p, "") if isinstance(p, int) else (1, 0, p) for p in parts)


class Inputs:
    """The inputs of a tool.

    `arguments` are keyed by the path of their input: a field of a record has a path of two names.
    `keys` order their words. `words` are words without an argument, such as a record's prefix.
    `loaded` names the inputs whose contents references may use. `optional` has the paths of records
    that may be null.
    """

    def __init__(self, namespaces: Mapping[str, str], notes: list[Reason]):
        self._namespaces = namespaces
        self._notes = notes
        self.arguments: dict[tuple[str, ...], Argument] = {}
        self.keys: dict[tuple[str, ...], Key] = {}
        self.words: list[tuple[Key, Bound]] = []
        self.loaded: set[str] = set()
        self.optional: set[tuple[str, ...]] = set()

    def read(self, tool: Fields) -> None:
        """Read all inputs of the tool."""
        for name, fields in tool.entries("inputs", "id", "type"):
            fields.allow_only(*INPUT)
            self._add((name,), fields, ())

    def names(self) -> dict[tuple[str, ...], str]:
        """Return the names of arguments, by the paths of their inputs."""
        return {path: argument.name for path, argument in self.arguments.items()}

    def formats_by_reference(self) -> dict[str, str]:
        """Return the formats of input files, by the text that refers to them in an output."""
        return {
            f"$(inputs{reference_text((*path, 'format'))})": argument.format
            for path, argument in self.arguments.items()
            if argument.role == "input" and argument.format != "folder"
        }

    def _add(self, path: tuple[str, ...], fields: Fields, above: tuple[int | str, ...]) -> None:
        declared = read_type(fields.get("type"), fields.at("type"), self._notes)
        if declared.innermost.name == EITHER:
            refuse_field(fields.at("type"), UNION)
        binding = self._binding(fields, declared)
        if declared.name == "record":
            self._record(path, fields, declared, binding, above)
            return
        if path in self.arguments:
            refuse_field(fields.where, "the name appears twice")
        reach: Reach = Referenced() if binding is None else binding
        if declared.name == "stdin":
            reach = Stdin()
        argument = self._argument(path, fields, declared, reach)
        argument = with_companions(argument, fields, needed=True)
        self.arguments[path] = argument
        if self._loads(fields, argument):
            self.loaded.add(argument.name)
        for index, (companion, is_needed) in enumerate(
            read_companions(fields, argument, needed=True)
        ):
            self.arguments[*path, "secondaryFiles", str(index)] = Argument(
                name=self._free(companion_name(companion)),
                role="input",
                required=is_needed and argument.required,
                nullable=not is_needed or argument.nullable,
                default=None if not is_needed or argument.nullable else msgspec.UNSET,
                help=companion_help(companion),
                reach=companion,
            )
        if binding is not None:
            self.keys[path] = key_of(*above, binding.position, path[-1])

    def _loads(self, fields: Fields, argument: Argument) -> bool:
        """Return whether `loadContents` is set. Up to CWL v1.0, it was a field of the binding."""
        places = [fields]
        if isinstance(declared := fields.get("inputBinding"), dict):
            places.append(Fields(declared, fields.at("inputBinding"), self._notes))
        declared = [place for place in places if place.truth("loadContents", False)]
        is_file = argument.role == "input" and (
            argument.type == "list" or argument.format != "folder"
        )
        if declared and not is_file:
            refuse_field(declared[0].at("loadContents"), "is allowed only for files")
        return bool(declared)

    def _binding(self, fields: Fields, declared: Type) -> Bound | None:
        binding = fields.get("inputBinding")
        own = (
            read_binding(Fields(binding, fields.at("inputBinding"), self._notes))
            if binding
            else None
        )
        # An empty `inputBinding` still puts the value on the command line.
        own = Bound() if binding == {} else own
        if declared.name == "array":
            return bound_array(own, declared)
        if declared.binding is None:
            return own
        if own is not None:
            refuse_field(fields.at("type.inputBinding"), "the input has one already")
        return read_binding(declared.binding)

    def _record(
        self,
        path: tuple[str, ...],
        fields: Fields,
        declared: Type,
        binding: Bound | None,
        above: tuple[int | str, ...],
    ) -> None:
        """Add the fields of a record as arguments.

        If the record is optional, so are its fields.
        """
        if binding is not None:
            above = (*above, binding.position, path[-1])
        if declared.nullable:
            self.optional.add(path)
        default = fields.get("default")
        before, word_count = set(self.arguments), len(self.words)
        for name, inner in declared.fields:
            inner.allow_only("type", "inputBinding", "format", "name", "streamable", *WITH_FILES)
            if isinstance(default, dict) and name in default:
                # A default of the record holds the defaults of its fields.
                inner.value = {**inner.value, "default": default[name]}
            if declared.nullable:
                inner.value = {**inner.value, "type": optional_type(inner.get("type"))}
            self._add((*path, name), inner, above)
        # Nested records have added arguments, too.
        mine = [argument for argument in self.arguments if argument not in before]
        if binding is not None and binding.text is not None:
            del self.words[word_count:]
            self._unbind(mine)
        if binding is not None and (binding.prefix or binding.text is not None):
            # The word of the record itself: its value if it has one, else its prefix.
            word = Bound(text=binding.prefix, raw=binding.raw)
            if binding.text is not None:
                word = msgspec.structs.replace(binding, text=replace_self(binding.text, path))
            when = (
                tuple(self.arguments[inner_path].name for inner_path in mine)
                if declared.nullable
                else ()
            )
            self.words.append((key_of(*above), msgspec.structs.replace(word, when=when)))

    def _unbind(self, paths: list[tuple[str, ...]]) -> None:
        """Remove the words of a record's fields, because the record has a value of its own."""
        for path in paths:
            if self.keys.pop(path, None) is not None:
                changed = msgspec.structs.replace(self.arguments[path], reach=Referenced())
                self.arguments[path] = changed

    def _argument(
        self, path: tuple[str, ...], fields: Fields, declared: Type, reach: Reach
    ) -> Argument:
        is_file = declared.name in (*FILES, "stdin")
        holds_files = (
            declared.name == "array"
            and declared.items is not None
            and declared.items.name == "File"
        )
        is_folder = declared.name == "Directory" or holds_files
        default = fields.value.get("default", msgspec.UNSET)
        # For a required input, null is not a default.
        if default is None and not declared.nullable:
            default = msgspec.UNSET
        if is_file and isinstance(default, dict):
            file_fields = Fields(default, fields.at("default"), self._notes)
            file_fields.allow_only("class", "location", "path", "basename", "format")
            if "class" in file_fields and file_fields.get("class") not in FILES:
                named = shown_value(file_fields.get("class"))
                why = f"{' or '.join(FILES)} is needed, not {named}"
                refuse_field(file_fields.at("class"), why)
            place = file_fields.text("location") or file_fields.text("path")
            # The path of a file in the folder of the document.
            is_inside = place and not place.startswith("/") and ".." not in place.split("/")
            if not is_inside or "://" in place:
                refuse_field(
                    file_fields.where, "a file in the folder of the document is needed (location)"
                )
            default = place.removeprefix("./")
        plain: dict[str, Any] = {"type": "list"} if holds_files else {}
        if not is_file and not holds_files:
            plain = _values(declared, fields, default)
        return Argument(
            name=self._free("_".join(path)),
            role="input" if is_file or holds_files else "value",
            format="folder" if is_folder else format_of(fields, self._namespaces),
            required=default is msgspec.UNSET and not declared.nullable,
            nullable=declared.nullable,
            default=default,
            help=fields.help(),
            reach=reach,
            **plain,
        )

    def _free(self, name: str) -> str:
        return free_name(name, {argument.name for argument in self.arguments.values()})


def optional_type(kind: Any) -> Any:
    """Return the union of a type and null."""
    return ["null", *kind] if isinstance(kind, list) else ["null", kind]


def format_of(
    fields: Fields, namespaces: Mapping[str, str], of_inputs: Mapping[str, str] = {}
) -> str:
    """Return nbyard's name for the first format that it knows.

    If it knows none, add a note. An output may refer to the format of an input:
    `$(inputs.reads.format)`.
    """
    text = fields.get("format")
    if isinstance(text, str) and text.strip() in of_inputs:
        return of_inputs[text.strip()]
    formats = [name for name in fields.listed("format") if isinstance(name, str)]
    for name in formats:
        if "$(" in name or "${" in name:
            refuse_field(fields.at("format"), "references are not supported here")
        if word := format_name(name, namespaces):
            return word
    if fields.listed("format"):
        value = shown_value(fields.get("format"))
        fields.notes.append(because("cwl-value-left-out", path=fields.at("format"), value=value))
    return ""


def with_companions(argument: Argument, fields: Fields, *, needed: bool) -> Argument:
    """Return an argument for a list of files with its `secondaryFiles` added."""
    if argument.type != "list" or argument.role == "value":
        return argument
    companions = [Companion(pattern, is_needed) for pattern, is_needed in _patterns(fields, needed)]
    return msgspec.structs.replace(argument, companions=tuple(companions))


def read_companions(
    fields: Fields, argument: Argument, *, needed: bool
) -> list[tuple[Beside, bool]]:
    """Return the `secondaryFiles` of a single file, and whether each is required.

    Raises:
        Invalid: The input is neither a file nor a list of files.
    """
    if argument.type == "list" and argument.role != "value":
        return []
    companions = [
        (Beside(argument.name, name), is_needed) for name, is_needed in _patterns(fields, needed)
    ]
    if companions and (
        argument.role == "value" or argument.type == "json" or argument.format == "folder"
    ):
        refuse_field(fields.at("secondaryFiles"), "is allowed only for files and lists of files")
    return companions


def _patterns(fields: Fields, needed: bool) -> list[tuple[str, bool]]:
    """Return the patterns in `secondaryFiles` (section 5.1.2), and whether each is required.

    `needed` is the default for the latter.
    """
    where, patterns = fields.at("secondaryFiles"), []
    for entry in fields.listed("secondaryFiles"):
        schema = Fields(
            {"pattern": entry} if isinstance(entry, str) else entry, where, fields.notes
        )
        schema.allow_only("pattern", "required")
        pattern, is_needed = schema.expression("pattern") or "", schema.truth("required", needed)
        if pattern.endswith("?"):
            pattern, is_needed = pattern[:-1], False
        if not pattern.lstrip("^") or "/" in pattern:
            refuse_field(where, f"{pattern[:60]!r} does not produce a file name")
        if wrong := [names for names in names_in(pattern, where) if names not in NAMES]:
            path = ".".join(wrong[0])
            refuse_field(where, f"$({path}) is not supported here; supported: {KNOWN_NAMES}")
        patterns.append((pattern, is_needed))
    return patterns


def companion_name(companion: Beside) -> str:
    """Return the argument's name for a secondary file."""
    suffix = REFERENCE.sub("", companion.pattern).lstrip("^").lstrip("._")
    return f"{companion.of}_{suffix or 'beside'}"


def companion_help(companion: Beside) -> str:
    """Return the argument's help text for a secondary file."""
    is_whole = bool(names_in(companion.pattern, ""))
    return f"Beside {companion.of}: {'called' if is_whole else 'its name with'} {companion.pattern}"


def _values(declared: Type, fields: Fields, default: Any) -> dict[str, Any]:
    """Return the type, the choices and the item type of an argument that is a value."""
    if declared.name not in PLAIN and declared.name not in ("enum", "array"):
        refuse_field(fields.at("type"), f"an input of the type {declared.name} is not supported")
    values: dict[str, Any] = {"type": declared.value, "choices": declared.symbols}
    items = declared.items
    if items is None:
        return values
    if items.nullable or items.name in FILES:
        refuse_field(fields.at("type"), f"a list of {items.name} is not supported")
    if items.innermost.name in FILES:
        why = f"a {items.innermost.name} in inner lists is not supported"
        refuse_field(fields.at("type"), why)
    if items.name in ("array", "record"):
        code = "cwl-lists-unchecked" if items.name == "array" else "cwl-records-unchecked"
        fields.notes.append(because(code, path=fields.where))
    name: Any = {"Any": "", "record": "json"}.get(items.name, items.value)
    return {**values, "items": name, "choices": items.symbols}
