"""Writes references to inputs, and renames the inputs in all references of a description."""

import re
from collections.abc import Collection, Mapping

import msgspec

from nbyard.domain.arguments.bindings import Beside, Bound, Found
from nbyard.domain.arguments.file_objects import SECONDARY
from nbyard.domain.arguments.parameter_references import has_expression, names_in, pieces_with_paths
from nbyard.domain.arguments.structs import is_name
from nbyard.domain.commands.invocations import Record, texts_with_references
from nbyard.domain.executables.nbexec_files import Description

ALL = "inputs"
Path = tuple[str, ...]


def with_records(
    description: Description, names: Mapping[Path, str], optional: Collection[Path]
) -> Description:
    """Return the description with references to the arguments' names instead of the inputs' paths.

    A record that is referred to as a whole becomes a record of the invocation. So do all inputs
    together, unless each argument has the name of its input.
    """
    arguments = description.arguments or ()
    is_plain = all(path == (name,) for path, name in names.items())
    wholes = set()  # the empty path means all inputs
    for where, text, _ in texts_with_references(description.invocation, arguments):
        for first, *rest in names_in(text, where):
            path = tuple(rest)
            holds = any(len(name) > len(path) and name[: len(path)] == path for name in names)
            is_record = holds and path not in names and SECONDARY not in path
            if first == "inputs" and is_record and (path or not is_plain):
                wholes.add(path)
    taken = {argument.name for argument in arguments}
    records: dict[str, Record] = {}
    known = {path: (name,) for path, name in names.items()}
    for path in sorted(wholes):
        name = free_name("_".join(path) or ALL, taken)
        taken.add(name)
        known[path], records[name] = (name,), _record(path, names, optional)
    invocation = msgspec.structs.replace(description.invocation, records=records)
    return with_names(msgspec.structs.replace(description, invocation=invocation), known)


def _record(path: Path, names: Mapping[Path, str], optional: Collection[Path]) -> Record:
    fields: dict[str, str | Record] = {}
    for input_path, name in names.items():
        below = input_path[len(path) :]
        if input_path[: len(path)] != path or not below or SECONDARY in below or below[0] in fields:
            continue
        inner = (*path, below[0])
        fields[below[0]] = name if inner == input_path else _record(inner, names, optional)
    return Record(fields, path in optional)


def with_names(description: Description, names: Mapping[Path, Path]) -> Description:
    """Return the description with other paths of inputs in all references."""

    def renamed(text: str) -> str:
        return rename_references(text, names)

    def bound(binding: Bound) -> Bound:
        text = None if binding.text is None else renamed(binding.text)
        each = bound(binding.each) if binding.each else None
        fields = {name: bound(field) for name, field in binding.fields.items()}
        return msgspec.structs.replace(binding, text=text, each=each, fields=fields)

    arguments = []
    for argument in description.arguments or ():
        reach = argument.reach
        if isinstance(reach, Bound):
            reach = bound(reach)
        elif isinstance(reach, Found):
            patterns = tuple(renamed(pattern) for pattern in reach.patterns)
            value = renamed(reach.value)
            reach = msgspec.structs.replace(reach, patterns=patterns, value=value)
        arguments.append(msgspec.structs.replace(argument, reach=reach))
    old = description.invocation
    files = [
        msgspec.structs.replace(f, text=renamed(f.text), name=renamed(f.name)) for f in old.files
    ]
    invocation = msgspec.structs.replace(
        old,
        words=tuple(bound(word) for word in old.words),
        variables={name: renamed(text) for name, text in old.variables.items()},
        files=tuple(files),
        stdin=renamed(old.stdin),
        stdout=renamed(old.stdout),
        stderr=renamed(old.stderr),
    )
    return msgspec.structs.replace(description, arguments=tuple(arguments), invocation=invocation)


def with_cwl_references(description: Description, places: Mapping[str, Path]) -> Description:
    """Return the description with references in CWL's form.

    A field of a record has its path there. A secondary file is `$(inputs.reads.secondaryFiles[0])`.
    """
    names: dict[Path, Path] = {(name,): path for name, path in places.items()}
    counts: dict[str, int] = {}
    for argument in description.arguments or ():
        if isinstance(argument.reach, Beside) and argument.role == "input":
            of = argument.reach.of
            index = counts.setdefault(of, 0)
            names[argument.name,] = (*(places.get(of) or (of,)), SECONDARY, str(index))
            counts[of] += 1
    return with_names(description, names) if names else description


def escape_references(text: str) -> str:
    """Escape a text so that evaluation finds no reference in it."""
    if not has_expression(text):
        return text
    return text.replace("\\", "\\\\").replace("$(", "\\$(").replace("${", "\\${")


def rename_references(text: str, names: Mapping[tuple[str, ...], tuple[str, ...]]) -> str:
    """Rename the references to inputs in a text.

    `names` maps old paths below `inputs` to new ones, as segments.
    """
    pieces = []
    for piece, (first, *rest) in pieces_with_paths(text):
        known = [old for old in names if first == "inputs" and tuple(rest[: len(old)]) == old]
        if known:
            # paths may be prefixes of one another
            longest = max(known, key=len)
            pieces.append(f"$(inputs{reference_text((*names[longest], *rest[len(longest) :]))})")
        else:
            pieces.append(piece)
    return "".join(pieces)


def replace_self(text: str, path: tuple[str, ...]) -> str:
    """Replace `self` in the references of a text with an input.

    `path` has the segments of the input below `inputs`.
    """
    return "".join(
        f"$(inputs{reference_text((*path, *rest))})" if first == "self" else piece
        for piece, (first, *rest) in pieces_with_paths(text)
    )


def reference_text(path: tuple[str, ...]) -> str:
    """Return segments in the syntax of references.

    `("reads", "0")` becomes `.reads[0]`.
    """
    parts = []
    for segment in path:
        if segment.isdecimal():
            parts.append(f"[{segment}]")
        elif re.fullmatch(r"\w+", segment):
            parts.append(f".{segment}")
        else:
            escaped = segment.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{escaped}']")
    return "".join(parts)


def free_name(name: str, taken: set[str]) -> str:
    """Return a valid argument name (letters, digits and `_`) that is not in `taken`."""
    # A number may follow, and names have a maximum length.
    plain = "".join(char if char.isalnum() and char.isascii() else "_" for char in name)[:120]
    plain = plain if is_name(plain) else f"_{plain}" if plain[:1].isdigit() else f"{plain}_"
    number = 2
    candidate = plain
    while candidate in taken:
        candidate, number = f"{plain}_{number}", number + 1
    return candidate
