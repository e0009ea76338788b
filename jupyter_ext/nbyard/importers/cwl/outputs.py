"""Reads the outputs of a tool (CWL v1.2 CommandLineTool, section 5.2).

Outputs are found by patterns, or are standard streams.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Beside, Found, Reach, Stderr, Stdout
from nbyard.domain.arguments.parameter_references import REFERENCE, names_in
from nbyard.domain.arguments.structs import Argument, ValueType
from nbyard.domain.commands.invocations import Invocation
from nbyard.importers.cwl.inputs import (
    companion_help,
    companion_name,
    format_of,
    optional_type,
    read_companions,
    with_companions,
)
from nbyard.importers.cwl.references import free_name
from nbyard.importers.cwl.types import (
    EITHER,
    FILES,
    STREAMS,
    UNION,
    Fields,
    Type,
    read_type,
    refuse_field,
)
from nbyard.reasons.structs import because

OUTPUT = ("type", "format", "outputBinding", "streamable", "secondaryFiles")
WILD = set("*?[")
# The namespaces, and the formats of inputs by the references to them.
Formats = tuple[Mapping[str, str], Mapping[str, str]]


def read_outputs(
    tool: Fields, invocation: Invocation, taken: set[str], formats: Formats
) -> tuple[list[Argument], Invocation, set[str]]:
    """Return the outputs, the invocation, and the names of outputs with `loadContents`.

    A standard stream that is an output needs no file in the working folder, unless a pattern may
    match the file.
    """
    outputs = _Outputs(taken, formats)
    for name, fields in tool.entries("outputs", "id", "type"):
        fields.allow_only(*OUTPUT)
        outputs.add((name,), fields)
    declared = outputs.arguments
    for kind, field in ((Stdout, "stdout"), (Stderr, "stderr")):
        own = [output for output in declared if isinstance(output.reach, kind)]
        if not own:
            continue
        name = getattr(invocation, field)
        patterns = [
            p
            for output in declared
            if isinstance(output.reach, Found)
            for p in output.reach.patterns
        ]
        besides = {output.reach.of for output in declared if isinstance(output.reach, Beside)}
        may_fit = any(output.name in besides for output in own)
        may_fit |= any(p == name or WILD & set(p) or "$(" in p or p == "." for p in patterns)
        is_plain = "$(" not in name and "/" not in name and name not in (".", "..")
        if is_plain and not may_fit and len(own) == 1:
            invocation = msgspec.structs.replace(invocation, **{field: ""})
            reach: Reach = kind()
            default = name or msgspec.UNSET
            changed = [msgspec.structs.replace(own[0], default=default, reach=reach)]
        else:
            name = name or f"{own[0].name}.txt"
            invocation = msgspec.structs.replace(invocation, **{field: name})
            changed = [msgspec.structs.replace(output, reach=Found((name,))) for output in own]
        by_name = {output.name: output for output in changed}
        declared = [by_name.get(output.name, output) for output in declared]
    return declared, invocation, outputs.loaded


class _Outputs:
    """Collects outputs as arguments with free names.

    `loaded` names those with `loadContents`.
    """

    def __init__(self, taken: set[str], formats: Formats) -> None:
        self.arguments: list[Argument] = []
        self.loaded: set[str] = set()
        self._taken = taken
        self._formats = formats

    def add(self, path: tuple[str, ...], fields: Fields) -> None:
        """Add an output. A record with files becomes one output for each field.

        Raises:
            Invalid: A record has an output binding without an expression for its value.
        """
        kind = read_type(fields.get("type"), fields.at("type"), fields.notes)
        may_split = kind.name == "record" and _binding(fields).get("outputEval") is None
        if may_split and "outputBinding" in fields:
            refuse_field(fields.at("outputBinding"), "needs outputEval for a record")
        # The fields of a record are separate outputs if they have files or patterns.
        has_patterns = any("outputBinding" in inner for _, inner in kind.fields)
        if may_split and (_holds_files(kind) or has_patterns):
            for name, inner in kind.fields:
                inner.allow_only(*OUTPUT, "name")
                if kind.nullable:
                    inner.value = {**inner.value, "type": optional_type(inner.get("type"))}
                self.add((*path, name), inner)
            return
        name = "_".join(path)
        # CWL allows an input and an output with one name; nbyard does not.
        called = free_name(f"{name}_out" if name in self._taken else name, self._taken)
        self._taken.add(called)
        output = _output(called, kind, fields, self._formats)
        # `cwl.output.json` has the names of the document, not those of nbyard.
        if isinstance(output.reach, Found) and path != (called,):
            reach = msgspec.structs.replace(output.reach, key=path)
            output = msgspec.structs.replace(output, reach=reach)
        output = with_companions(output, fields, needed=False)
        self.arguments.append(output)
        for companion, is_needed in read_companions(fields, output, needed=False):
            other = free_name(companion_name(companion), self._taken)
            self._taken.add(other)
            may_lack = output.nullable or not is_needed
            text = companion_help(companion)
            self.arguments.append(
                Argument(other, "output", nullable=may_lack, help=text, reach=companion)
            )
        if _binding(fields).truth("loadContents", False):
            self.loaded.add(called)


def _holds_files(kind: Type) -> bool:
    if kind.items is not None:
        return _holds_files(kind.items)
    types = [
        read_type(field.get("type"), field.at("type"), field.notes) for _, field in kind.fields
    ]
    return kind.name in (*FILES, EITHER, *STREAMS) or any(map(_holds_files, types))


def _output(name: str, kind: Type, fields: Fields, formats: Formats) -> Argument:
    if kind.name in ("stdin", EITHER):
        refuse_field(
            fields.at("type"),
            UNION if kind.name == EITHER else "an output cannot have the type stdin",
        )
    may_lack = kind.nullable or kind.name == "null"
    common: dict[str, Any] = {"role": "output", "nullable": may_lack, "help": fields.help()}
    reach: Reach
    if kind.name in ("stdout", "stderr"):
        if "outputBinding" in fields:
            refuse_field(fields.at("outputBinding"), f"is not allowed for the type {kind.name}")
        reach = Stdout() if kind.name == "stdout" else Stderr()
        return Argument(name, format=format_of(fields, *formats), reach=reach, **common)
    reach = _read_output_binding(fields)
    if not _holds_files(kind):
        if reach.patterns and not reach.value:
            refuse_field(
                fields.at("outputBinding"), "a value needs outputEval, or the file cwl.output.json"
            )
        return Argument(name, type="json", format="json", reach=reach, **common)
    # A file in an expression is a found file or an input.
    names = names_in(reach.value, "outputEval")
    root, *rest = names[0] if len(names) == 1 else ("",)
    is_one = root == "inputs" or (root == "self" and len(rest) < 2)
    if reach.value and not (is_one and REFERENCE.fullmatch(reach.value.strip())):
        refuse_field(
            _binding(fields).at("outputEval"),
            "must be a file that glob finds, such as $(self[0]), or an input",
        )
    what = kind.items if kind.items is not None else kind
    if what.name not in (*FILES, EITHER):
        why = (
            "files in inner lists are not supported"
            if what.name == "array"
            else f"files in a {what.name} of this kind are not supported"
        )
        refuse_field(fields.at("type"), why)
    if kind.name == "array":
        only = {"File": "file", "Directory": "folder"}.get(what.name, "")
        reach = msgspec.structs.replace(reach, only=only)
    if kind.name == "array" or what.name == "Directory":
        format_of(fields, *formats)
        value_type: ValueType = "list" if kind.name == "array" else "string"
        return Argument(name, type=value_type, format="folder", reach=reach, **common)
    return Argument(name, format=format_of(fields, *formats), reach=reach, **common)


def _read_output_binding(fields: Fields) -> Found:
    if "outputBinding" not in fields:
        return Found()
    binding = _binding(fields)
    binding.allow_only("glob", "loadContents", "loadListing", "outputEval")
    value = binding.expression("outputEval") or ""
    if binding.truth("loadContents", False) and not value:
        fields.notes.append(because("cwl-contents-stay", path=binding.at("loadContents")))
    patterns = binding.listed("glob")
    for pattern in patterns:
        if not isinstance(pattern, str) or not pattern:
            refuse_field(binding.at("glob"), "each pattern must be a non-empty text")
        names_in(pattern, binding.at("glob"))
    return Found(tuple(patterns), value)


def _binding(fields: Fields) -> Fields:
    return Fields(fields.get("outputBinding") or {}, fields.at("outputBinding"), fields.notes)
