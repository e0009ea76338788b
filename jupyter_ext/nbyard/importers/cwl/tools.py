"""Reads a `CommandLineTool` as a command, and writes it (CWL v1.2, Command Line Tool Description).

An object with `$import` or `$include` is replaced by the content of the file that it names (Schema
Salad v1.2, section 4 "Document preprocessing").
"""

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Bound, Referenced, Stdin
from nbyard.domain.arguments.file_objects import CONTENTS, LISTING, SECONDARY
from nbyard.domain.arguments.parameter_references import EXIT_CODE, REFERENCE, names_in
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.command_line import FILE
from nbyard.domain.commands.invocations import (
    VALUE,
    Invocation,
    texts_with_references,
    with_contents,
)
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.parsing.strict_yaml import is_plain, read_yaml
from nbyard.errors import Invalid, NotFound
from nbyard.importers.cwl.inputs import Inputs, Key, key_of
from nbyard.importers.cwl.outputs import read_outputs
from nbyard.importers.cwl.references import with_records
from nbyard.importers.cwl.requirements_and_hints import Requirements, with_schemas
from nbyard.importers.cwl.tool_document import HINT, document_of, with_hint
from nbyard.importers.cwl.types import (
    DOCUMENTATION,
    Fields,
    bare_name,
    check_codes,
    read_binding,
    refuse_field,
    shown_value,
)
from nbyard.importers.protocol import Imported, Near
from nbyard.reasons.structs import Reason, because

IMPORT, INCLUDE = "$import", "$include"
MAX_FILES = 100
LEAD = "#!/usr/bin/env cwl-runner\n"


class Loader:
    """Reads the files that a document names, with the function `near`.

    The number of files is limited.
    """

    def __init__(self, near: Near) -> None:
        self._near = near
        self._left = MAX_FILES

    def resolve(self, value: Any, where: str = "", file: tuple[str, ...] = ("",)) -> Any:
        """Return the value with the content of all named files in place.

        `file` lists the chain of files that led here.

        Raises:
            Invalid: A file is missing, is not on this disk or imports itself, or there are too
                many. The error names the field.
        """
        if isinstance(value, list):
            resolved: list[Any] = []
            for index, element in enumerate(value):
                whole = self.resolve(element, _at(where, str(index)), file)
                is_part = (
                    isinstance(element, dict) and IMPORT in element and isinstance(whole, list)
                )
                resolved += whole if is_part else [whole]
            return resolved
        if not isinstance(value, dict):
            return value
        directive = next((name for name in (IMPORT, INCLUDE) if name in value), "")
        if not directive:
            return {k: self.resolve(inner, _at(where, k), file) for k, inner in value.items()}
        if len(value) > 1:
            refuse_field(where, f"{directive} must be the only key of its object")
        return self._read(directive, value[directive], _at(where, directive), file)

    def _read(self, directive: str, named: Any, where: str, file: tuple[str, ...]) -> Any:
        if not isinstance(named, str) or not named:
            refuse_field(where, f"the path of a file is needed, not {shown_value(named)}")
        if "://" in named or named.startswith(("/", "file:")):
            refuse_field(
                where,
                f"{named[:200]} is not supported: use the path of a file relative to this file",
            )
        # A fragment would need an index of all ids in the other file.
        if "#" in named:
            refuse_field(where, f"{named[:200]}: a part of a file is not supported")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(file[-1]), named))
        if path in file:
            refuse_field(where, f"{path} imports itself")
        # Count the files, because imports could multiply without a circle.
        self._left -= 1
        if self._left < 0:
            refuse_field(where, f"more than {MAX_FILES} files are imported or included")
        try:
            content = self._near(path)
        except NotFound:
            refuse_field(where, f"there is no file {path[:200]}")
        if directive == IMPORT:
            return self.resolve(read_yaml(content, path), where, (*file, path))
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            refuse_field(where, f"{path[:200]} is not UTF-8 text (byte {error.start})")


def _at(where: str, name: Any) -> str:
    return f"{where}.{name}" if where else str(name)


VERSIONS = ("v1.0", "v1.1", "v1.2")
TOOL = (
    *("class", "cwlVersion", "baseCommand", "arguments", "inputs", "outputs", "stdin", "stdout"),
    *("stderr", "successCodes", "temporaryFailCodes", "permanentFailCodes", "requirements"),
    *("hints", "$namespaces", "$schemas"),
)


def read_tool(content: bytes, filename: str, near: Near | None = None) -> Imported:
    """Return the command that a document describes.

    `near` reads the files that it imports.

    Raises:
        Invalid: The document is refused. The error names the line of the text or the field.
    """
    document = read_yaml(content, filename)
    if near is not None:
        document = Loader(near).resolve(document)
    if not isinstance(document, dict):
        raise Invalid.field(filename, f"line 1: a tool is needed, not {shown_value(document)}")
    return read_document(document)


def read_document(document: dict[str, Any]) -> Imported:
    """Return the command that a parsed document describes.

    Raises:
        Invalid: The document is refused. The error names the field.
    """
    notes: list[Reason] = []
    tool = Fields(_the_one(document), "", notes)
    if tool.get("class") != "CommandLineTool":
        named = shown_value(tool.get("class"))
        refuse_field("class", f"CommandLineTool is needed, not {named}")
    tool.allow_only(*TOOL)
    version = tool.get("cwlVersion") or document.get("cwlVersion")
    if version not in VERSIONS:
        why = f"one of {', '.join(VERSIONS)} is needed, not {shown_value(version)}"
        refuse_field("cwlVersion", why)
    if version != VERSIONS[-1]:
        notes.append(because("cwl-version-read-as", version=version, known=VERSIONS[-1]))
    namespaces = tool.get("$namespaces") or document.get("$namespaces")
    hints = [h for h in tool.listed("hints") if isinstance(h, dict) and h.get("class") == HINT]
    if hints:
        says = {name: value for name, value in tool.value.items() if name not in DOCUMENTATION}
        try:
            description = msgspec.convert(hints[0].get("description"), Description)
            # A user may have edited the document after the export. Then the document counts.
            if with_hint(document_of(description), description) == says:
                return Imported(description)
        except (msgspec.ValidationError, Invalid):
            # Without a readable hint, the document itself counts.
            pass
        notes.append(because("cwl-hint-misfits", name=HINT))
    return _read_description(with_schemas(tool), namespaces if isinstance(namespaces, dict) else {})


def _the_one(document: dict[str, Any]) -> dict[str, Any]:
    """Return the tool of a document.

    In a `$graph`, it is the only tool, or the one with the ID `main`.
    """
    graph = document.get("$graph")
    if graph is None:
        return document
    if not isinstance(graph, list) or not all(isinstance(tool, dict) for tool in graph):
        refuse_field("$graph", "a list of tools is needed")
    tools: list[dict[str, Any]] = [tool for tool in graph if tool.get("class") == "CommandLineTool"]
    named = [tool for tool in tools if bare_name(str(tool.get("id"))) == "main"]
    if len(tools) == 1 or len(named) == 1:
        return (named or tools)[0]
    known = [bare_name(str(tool.get("id"))) for tool in tools]
    if not known:
        refuse_field(
            "$graph",
            "exactly one CommandLineTool, or one with the id main, is needed; the file has: none",
        )
    refuse_field(
        "$graph",
        "exactly one CommandLineTool, or one with the id main, is needed; the file has:"
        f" {', '.join(known)}",
    )


def _read_description(tool: Fields, namespaces: Mapping[str, str]) -> Imported:
    inputs, needs = Inputs(namespaces, tool.notes), Requirements()
    inputs.read(tool)
    needs.read(tool)
    names = inputs.names()
    invocation = msgspec.structs.replace(
        needs.invocation,
        apart=True,
        stdout=tool.expression("stdout") or "",
        stderr=tool.expression("stderr") or "",
        success_codes=check_codes(tool, "successCodes"),
        temporary_codes=check_codes(tool, "temporaryFailCodes"),
        permanent_codes=check_codes(tool, "permanentFailCodes"),
    )
    arguments, bound_words = _with_unique_positions(tool, inputs)
    arguments, invocation = _with_stdin(tool, arguments, invocation, names)
    taken = {argument.name for argument in arguments}
    outputs, invocation, loaded = read_outputs(
        tool, invocation, taken, (namespaces, inputs.formats_by_reference())
    )
    invocation = msgspec.structs.replace(invocation, words=tuple(bound_words))
    command = tool.listed("baseCommand")
    if not all(isinstance(word, str) and word for word in command):
        refuse_field("baseCommand", "each word must be a non-empty text")
    if not command and not bound_words:
        refuse_field("baseCommand", "the program is missing")
    description = Description(
        kind="command",
        arguments=(*arguments, *outputs),
        command=tuple(command),
        invocation=invocation,
        resources=needs.resources,
    )
    description = with_records(description, names, inputs.optional)
    _check_references(description, inputs.loaded | loaded)
    # Inputs with `loadContents` that no reference uses stay short texts.
    invocation = description.invocation
    unused = inputs.loaded - with_contents(invocation, description.arguments or ())
    invocation = msgspec.structs.replace(invocation, loaded=tuple(sorted(unused)))
    description = msgspec.structs.replace(description, invocation=invocation)
    return Imported(description, tuple(tool.notes))


def _with_unique_positions(tool: Fields, inputs: Inputs) -> tuple[list[Argument], list[Bound]]:
    """Return the arguments and the other words, each with a position of its own.

    Positions that are unique in the document stay. Otherwise, the order of the specification is
    numbered. Of two words with equal position and name, as in two records, the first one stays
    first.
    """
    keyed_words: list[tuple[Key, Bound]] = []
    for index, entry in enumerate(tool.listed("arguments")):
        where = f"arguments.{index}"
        value = {"valueFrom": entry} if isinstance(entry, str) else entry
        binding = read_binding(Fields(value, where, tool.notes))
        if binding.text is None:
            refuse_field(f"{where}.valueFrom", "is needed")
        keyed_words.append((key_of(binding.position, index), binding))
    keyed_words += inputs.words
    keys = [*(key for key, _ in keyed_words), *inputs.keys.values()]
    places = [key[0][1] for key in keys]
    if len(set(places)) < len(keys) or any(len(key) > 2 for key in keys):
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ranks = {index: place for place, index in enumerate(order)}
        places = [ranks[index] for index in range(len(keys))]
    placed = [
        msgspec.structs.replace(bound, position=place)
        # `places` continues with the positions of the inputs.
        for (_, bound), place in zip(keyed_words, places, strict=False)
    ]
    of_inputs = dict(zip(inputs.keys, places[len(keyed_words) :], strict=True))
    arguments = []
    for path, argument in inputs.arguments.items():
        if isinstance(argument.reach, Bound):
            reach = msgspec.structs.replace(argument.reach, position=of_inputs[path])
            argument = msgspec.structs.replace(argument, reach=reach)  # noqa: PLW2901
        arguments.append(argument)
    return arguments, placed


def _with_stdin(
    tool: Fields,
    arguments: list[Argument],
    invocation: Invocation,
    names: Mapping[tuple[str, ...], str],
) -> tuple[list[Argument], Invocation]:
    """Return the arguments and the invocation with standard input added.

    It is an input file that has no other use, or else a file that a reference leads to.
    """
    text = tool.expression("stdin")
    if not text:
        return arguments, invocation
    paths = names_in(text, "stdin")
    if len(paths) != 1 or paths[0][0] != "inputs" or not REFERENCE.fullmatch(text.strip()):
        refuse_field(
            "stdin", "a reference to one input file is needed, such as $(inputs.name.path)"
        )
    path, last = paths[0][1:-1], paths[0][-1]
    input_name = names.get(path if last == "path" else paths[0][1:])
    for index, argument in enumerate(arguments):
        is_many = argument.type == "list" or argument.format == "folder"
        if argument.name == input_name and argument.role == "input" and not is_many:
            if not isinstance(argument.reach, Referenced):
                break
            arguments[index] = msgspec.structs.replace(argument, reach=Stdin())
            return arguments, invocation
    above = {names.get(paths[0][1:end]) for end in range(2, len(paths[0]))}
    if not any(argument.name in above and argument.role == "input" for argument in arguments):
        refuse_field(
            "stdin", "a reference to one input file is needed, such as $(inputs.name.path)"
        )
    return arguments, msgspec.structs.replace(invocation, stdin=text)


def _check_references(description: Description, loaded: set[str]) -> None:
    """Check that all references lead to inputs, values and fields that exist."""
    arguments = description.arguments or ()
    known = {argument.name for argument in arguments if argument.role != "output"}
    known |= description.invocation.records.keys()
    for where, text, itself in texts_with_references(description.invocation, arguments):
        for path in names_in(text, where):
            whole = (*itself, *path[1:]) if path[0] == "self" else path
            if path[0] == "inputs" and path[1:2] and path[1] not in known:
                refuse_field(where, f"{text[:60]!r} refers to {path[1]}, which is not an input")
            # Outputs are evaluated after the program has ended, so only they can use its exit code.
            is_late = path == EXIT_CODE and where.endswith(VALUE)
            if path[0] == "runtime" and path[1:] not in RUNTIME and not is_late:
                refuse_field(where, f"$({'.'.join(path)}) is not supported")
            if len(path) < 2 or (path[0] != "self" and len(path) < 3):
                continue
            if path[-1] == CONTENTS and whole[1:2] and whole[1] not in loaded:
                shown_path = ".".join(path)
                refuse_field(where, f"$({shown_path}) needs loadContents of {whole[1]}")
            if absent := set(ABSENT) & set(path[1:]) - _existing_attributes(whole, arguments):
                shown_path = ".".join(path)
                why = f"$({shown_path}): {absent.pop()} is not available"
                refuse_field(where, why)


def _existing_attributes(path: tuple[str, ...], arguments: Sequence[Argument]) -> set[str]:
    """Return which attributes in ABSENT exist for the argument that a path refers to."""
    matches = [a for a in arguments if path[:2] == ("inputs", a.name)]
    if not matches or matches[0].role == "value":
        return set(ABSENT) if matches else set()
    is_folder = matches[0].format == "folder" and matches[0].type != "list"
    there = {LISTING} if is_folder and path[2:3] == (LISTING,) else set()
    return there | {SECONDARY} if matches[0].companions else there


RUNTIME = (
    (),
    *((name,) for name in ("outdir", "tmpdir", "cores", "ram", "outdirSize", "tmpdirSize")),
)
ABSENT = ("listing", "location", "checksum", "secondaryFiles", "format")


def write_tool(description: Description, *, label: str = "", doc: str = "", file: str = "") -> str:
    """Return the document as YAML. Reading it results in the same command.

    A hint has what CWL cannot express. A script becomes an input, and `file` is its path beside the
    document.

    Raises:
        Invalid: The executable is not a command, or CWL cannot express an argument.
    """
    if description.kind not in ("", "command"):
        raise Invalid.field("executable", f"is a {description.kind}, not a command")
    plain = msgspec.structs.replace(description, name="", kind="command")
    document = document_of(plain, file)
    runs_script = any(FILE in word for word in plain.command or ())
    if not runs_script and read_document(document).description != plain:
        document = with_hint(document, plain)
    heads = {"label": label, "doc": doc}
    first = {name: document.pop(name) for name in ("cwlVersion", "class")}
    document = {**first, **{n: text for n, text in heads.items() if text}, **document}

    import yaml

    def quoted(dumper: Any, text: str) -> Any:
        # A reader might parse a text without quotes as another type.
        style = None if is_plain(text) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    # A separate class: a representer of SafeDumper itself would change it for all users.
    own = type("Dumper", (yaml.SafeDumper,), {"ignore_aliases": lambda *_: True})
    yaml.add_representer(str, quoted, Dumper=own)
    text = yaml.dump(document, Dumper=own, sort_keys=False, allow_unicode=True, width=100)
    return f"{LEAD}{text}"
