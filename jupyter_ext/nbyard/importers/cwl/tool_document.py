"""Builds the CWL document of a command, with only those features that CWL has.

These are words with positions, references, and outputs that are found in the working folder. It is
the inverse of `tools`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from nbyard.domain.arguments.bindings import (
    Beside,
    Bound,
    Flag,
    Found,
    Option,
    Positional,
    Referenced,
    Stderr,
    Stdin,
    Stdout,
    Variable,
    Words,
)
from nbyard.domain.arguments.file_objects import CONTENTS, MIB, SECONDARY
from nbyard.domain.arguments.parameter_references import names_in
from nbyard.domain.arguments.structs import TEXT_TYPES, Argument
from nbyard.domain.commands.command_line import FILE, SEPARATOR
from nbyard.domain.commands.invocations import VALUE, Invocation, Record, with_contents
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.executables.structs import Resources
from nbyard.domain.runs.planning import output_filename
from nbyard.errors import Invalid
from nbyard.importers.cwl.references import escape_references, reference_text, with_cwl_references
from nbyard.importers.cwl.requirements_and_hints import DOCKER, SHELL
from nbyard.importers.cwl.types import iri_of

# The name of the input that is the script itself.
CODE = "code"
OWN = (Beside, Bound, Referenced, Found, Stdin, Stdout, Stderr)
Path = tuple[str, ...]


def in_plain_words(description: Description, file: str = "") -> Description:
    """Return the description of a command with only CWL's features.

    `file` is the path of a script beside the document, which becomes an input.

    Raises:
        Invalid: CWL cannot express an argument. The error names it.
    """
    line = _Line()
    command, script_arguments = line.start(description, file)
    arguments = description.arguments or ()
    line.place_all(arguments)
    kept = []
    for argument in arguments:
        reach, changed = argument.reach, line.changed.get(argument.name)
        if changed is None and isinstance(reach, Bound):
            # The words of the line come first, so bound words move behind them.
            reach = msgspec.structs.replace(reach, position=reach.position + line.next)
            changed = msgspec.structs.replace(argument, reach=reach)
        kept.append(changed or argument)
    bound_words = [
        msgspec.structs.replace(word, position=word.position + line.next)
        for word in description.invocation.words
    ]
    invocation = msgspec.structs.replace(
        description.invocation,
        apart=True,
        words=(*line.words, *bound_words),
        variables={**description.invocation.variables, **line.variables},
    )
    return msgspec.structs.replace(
        description,
        kind="command",
        name="",
        arguments=(*script_arguments, *kept),
        command=command,
        invocation=invocation,
    )


class _Line:
    def __init__(self) -> None:
        self.next = 0
        self.words: list[Bound] = []
        self.variables: dict[str, str] = {}
        self.changed: dict[str, Argument] = {}
        self._has_mark = False

    def start(self, description: Description, file: str) -> tuple[tuple[str, ...], list[Argument]]:
        """Return the words before the script, and the input for the script.

        Place the words after it.
        """
        command = description.command or ()
        at = next((index for index, word in enumerate(command) if FILE in word), len(command))
        if at == len(command):
            return command, []
        if any(argument.name == CODE for argument in description.arguments or ()):
            _refuse(CODE, f"the name {CODE} is reserved for the script itself")
        for word in command[at:]:
            text = escape_references(word).replace(FILE, f"$(inputs.{CODE}.path)")
            self.add(Bound(text=text))
        code = Argument(CODE, "input", default=file, help="The program itself.", reach=Referenced())
        return command[:at], [code]

    def add(self, bound: Bound) -> None:
        self.words.append(msgspec.structs.replace(bound, position=self.next))
        self.next += 1

    def place_all(self, arguments: Sequence[Argument]) -> None:
        """Place all arguments: options first, then positional ones.

        An argument for all remaining words comes last, or before `--` if there is one.
        """
        placed = [a for a in arguments if isinstance(a.reach, Positional)]
        placed.sort(key=lambda a: a.reach.position)  # type: ignore[union-attr]
        is_open = [a for a in arguments if isinstance(a.reach, Words)]
        rest = [a for a in arguments if a not in placed and a not in is_open]
        has_mark = any(isinstance(a.reach, Positional) and a.reach.separated for a in placed)
        last = [*is_open, *placed] if has_mark else [*placed, *is_open]
        for argument in [*rest, *last]:
            self.take(argument)

    def take(self, argument: Argument) -> None:
        reach = argument.reach
        if isinstance(reach, OWN):
            return
        if isinstance(reach, Positional) and reach.separated and not self._has_mark:
            self._has_mark = True
            self.add(Bound(text=SEPARATOR))
        if isinstance(reach, Variable):
            self._variable(argument, reach.variable)
        elif argument.role == "output":
            # The program gets the name of the file, which is found in the working folder then.
            file = output_filename(argument)
            if not isinstance(argument.reach, Positional | Option):
                _refuse(argument.name, "an output that is passed in this way")
            option = argument.reach if isinstance(argument.reach, Option) else None
            self.add(_prefixed(option, Bound(text=escape_references(file))))
            self._change(argument, reach=Found((escape_references(file),)))
        else:
            self._value(argument)

    def _change(self, argument: Argument, **changes: Any) -> None:
        self.changed[argument.name] = msgspec.structs.replace(argument, **changes)

    def _variable(self, argument: Argument, name: str) -> None:
        if argument.role == "output":
            file = escape_references(output_filename(argument))
            self.variables[name] = f"$(runtime.outdir)/{file}"
            self._change(argument, reach=Found((file,)))
            return
        if argument.nullable or not (argument.required or argument.default is not msgspec.UNSET):
            _refuse(argument.name, "a variable that may have no value")
        if argument.type == "json" or (argument.type == "list" and argument.role == "value"):
            _refuse(argument.name, f"a {argument.type} in an environment variable")
        changes: dict[str, Any] = {}
        if argument.type == "bool":
            changes = _as_choice(argument, ("true", "false"))
        self.variables[name] = f"$(inputs.{argument.name})"
        if argument.role == "input":
            self.variables[name] = f"$(inputs.{argument.name}.path)"
        self._change(argument, reach=Referenced(), **changes)

    def _value(self, argument: Argument) -> None:
        """Place an argument at the next position. A truth value without a flag becomes a word."""
        if argument.type == "json" and argument.role == "value":
            _refuse(argument.name, "a JSON value on the command line")
        reach = argument.reach
        option = reach if isinstance(reach, Option) else None
        changes: dict[str, Any] = {}
        if argument.type == "bool":
            changes = _as_choice(argument, ("true", "false"))
        if isinstance(reach, Flag):
            on, _, off = reach.flag.partition("/")
            if argument.type != "bool":
                _refuse(argument.name, "a flag that is repeated")
            bound = Bound() if off else Bound(prefix=on)
            changes = _as_choice(argument, (on, off)) if off else {}
        elif isinstance(reach, Words):
            bound = Bound(prefix=reach.flag)
        elif argument.type == "list" and option is not None:
            bound = Bound(each=_prefixed(option, Bound()))
        else:
            bound = _prefixed(option, Bound())
        bound = msgspec.structs.replace(bound, position=self.next)
        self.next += 1
        self._change(argument, reach=bound, **changes)


def _prefixed(option: Option | None, bound: Bound) -> Bound:
    if option is None:
        return bound
    prefix = f"{option.flag}=" if option.joined else option.flag
    return msgspec.structs.replace(bound, prefix=prefix, joined=bool(option.joined))


def _as_choice(argument: Argument, choices: tuple[str, str]) -> dict[str, Any]:
    """Return the changes that turn a truth value into one of two words, for true and for false."""
    default = argument.default
    if isinstance(default, bool):
        default = choices[0] if default else choices[1]
    return {"type": "choice", "choices": choices, "default": default}


def _refuse(name: str, what: str) -> NoReturn:
    raise Invalid.field(f"arguments.{name}", f"CWL cannot express this: {what}")


def places_of(records: Mapping[str, Record], arguments: tuple[Argument, ...]) -> dict[str, Path]:
    """Return the paths of arguments and records that are fields of a record, by name."""
    places = {
        argument.name: argument.reach.key
        for argument in arguments
        if isinstance(argument.reach, Found) and argument.reach.key
    }
    # Larger records come first, so that their parts find the path of the whole.
    by_size = sorted(
        records.items(), key=lambda pair: len(list(_leaves(pair[1], ()))), reverse=True
    )
    for name, record in by_size:
        leaves = [leaf for leaf, _ in _leaves(record, ())]
        if leaves and leaves[0] in places:  # this record is part of a larger one
            whole = places[leaves[0]]
            depth = len(next(path for _, path in _leaves(record, ())))
            places[name] = whole[:-depth]
        else:
            places |= {leaf: path for leaf, path in _leaves(record, (name,))}
    return places


def _leaves(record: Record, above: Path) -> Iterator[tuple[str, Path]]:
    for field, inner in record.fields.items():
        if isinstance(inner, str):
            yield inner, (*above, field)
        else:
            yield from _leaves(inner, (*above, field))


def nest_members(
    members: Mapping[str, dict[str, Any]],
    places: Mapping[str, Path],
    records: Mapping[str, Record] = {},
) -> dict[str, Any]:
    """Return the inputs or outputs of a document, with fields nested in their records.

    `places` has the paths of the fields. Defaults of fields become one default of the record.
    """
    nested: dict[str, Any] = {}
    known: Mapping[str, str | Record]
    for name, member in members.items():
        *above, last = places.get(name) or (name,)
        fields = nested
        known = records
        for depth, record in enumerate(above):
            entry = known.get(record)
            if record not in fields:
                empty = {"type": "record", "fields": {}}
                is_optional = isinstance(entry, Record) and entry.optional
                fields[record] = {"type": ["null", empty] if is_optional else empty}
            whole = fields[record]
            if not depth and "default" in member:
                defaults = whole.setdefault("default", {})
                for inner in above[1:]:
                    defaults = defaults.setdefault(inner, {})
                defaults[last] = member["default"]
            kind = whole["type"]
            fields = (kind[1] if isinstance(kind, list) else kind)["fields"]
            known = entry.fields if isinstance(entry, Record) else {}
        fields[last] = {k: v for k, v in member.items() if k != "default"} if above else member
    return nested


HINT = "nbyard:Description"
NAMESPACE = "urn:nbyard:"
VERSION = "v1.2"
# CWL's `int` and `float` have 32 bits, nbyard's values have 64.
TYPES = {
    **{"string": "string", "int": "long", "float": "double", "bool": "boolean", "json": "Any"},
    **dict.fromkeys(TEXT_TYPES, "string"),
}


def document_of(description: Description, file: str = "") -> dict[str, Any]:
    """Return the fields of the document. What CWL cannot express is left out.

    Raises:
        Invalid: CWL cannot express an argument.
    """
    plain = in_plain_words(description, file)
    arguments = plain.arguments or ()
    invocation = plain.invocation
    places = places_of(invocation.records, arguments)
    plain = with_cwl_references(plain, places)
    arguments, invocation = plain.arguments or (), plain.invocation
    document: dict[str, Any] = {"cwlVersion": VERSION, "class": "CommandLineTool"}
    document["requirements"] = _requirements(invocation, plain.resources)
    if image := plain.resources.image:
        document["requirements"].append({"class": DOCKER, "dockerPull": image})
    if image := plain.resources.hinted_image:
        document["hints"] = [{"class": DOCKER, "dockerPull": image}]
    document["baseCommand"] = list(plain.command or ())
    document["arguments"] = [_binding(word) for word in invocation.words]
    loaded = with_contents(invocation, arguments)
    document["inputs"] = {
        a.name: _input(a) | ({"loadContents": True} if a.name in loaded else {})
        for a in arguments
        if a.role != "output" and not isinstance(a.reach, Beside)
    }
    outputs = {
        a.name: _output(a)
        for a in arguments
        if a.role == "output" and not isinstance(a.reach, Beside)
    }
    for argument in arguments:
        if isinstance(argument.reach, Beside):
            beside = {"pattern": argument.reach.pattern, "required": not argument.nullable}
            where = outputs if argument.role == "output" else document["inputs"]
            where[argument.reach.of].setdefault(SECONDARY, []).append(beside)
    document["inputs"] = nest_members(document["inputs"], places, invocation.records)
    document["outputs"] = nest_members(outputs, places)
    document |= _streams(arguments, invocation, places)
    document["successCodes"] = list(invocation.success_codes)
    document["temporaryFailCodes"] = list(invocation.temporary_codes)
    document["permanentFailCodes"] = list(invocation.permanent_codes)
    # CWL requires these two fields even when they are empty.
    kept = ("inputs", "outputs")
    return {name: value for name, value in document.items() if value or name in kept}


def with_hint(document: dict[str, Any], description: Description) -> dict[str, Any]:
    """Return the document with a hint that has the whole description, for nbyard itself."""
    plain = msgspec.json.decode(msgspec.json.encode(description))
    hint = {"class": HINT, "description": plain}
    namespaces = {"$namespaces": {HINT.partition(":")[0]: NAMESPACE}}
    return {**document, **namespaces, "hints": [*document.get("hints", []), hint]}


def _requirements(invocation: Invocation, resources: Resources) -> list[dict[str, Any]]:
    requirements: list[dict[str, Any]] = []
    amounts: dict[str, Any] = {"coresMin": resources.cpu}
    if resources.memory_bytes:
        mib = resources.memory_bytes / MIB
        amounts["ramMax"] = int(mib) if mib.is_integer() else mib
    plain = Invocation()
    for name in ("outdir", "tmpdir"):
        room = getattr(invocation, f"{name}_mib")
        amounts[f"{name}Min"] = 0 if room == getattr(plain, f"{name}_mib") else room
    amounts = {name: amount for name, amount in amounts.items() if amount}
    if amounts:
        requirements.append({"class": "ResourceRequirement", **amounts})
    if resources.timeout_seconds:
        # CWL has whole seconds only, so round up.
        limit = -(-resources.timeout_seconds // 1)
        requirements.append({"class": "ToolTimeLimit", "timelimit": int(limit)})
    if resources.cache in (False, "off"):
        requirements.append({"class": "WorkReuse", "enableReuse": False})
    if invocation.variables:
        requirements.append({"class": "EnvVarRequirement", "envDef": dict(invocation.variables)})
    if invocation.for_shell:
        requirements.append({"class": SHELL})
    if invocation.files:
        listing = [
            {
                "entry": file.text,
                **({"entryname": file.name} if file.name else {}),
                **({"writable": True} if file.writable else {}),
            }
            for file in invocation.files
        ]
        requirements.append({"class": "InitialWorkDirRequirement", "listing": listing})
    return requirements


def _binding(bound: Bound) -> dict[str, Any]:
    if bound.when:
        why = "CWL cannot express this: a word that depends on other arguments"
        raise Invalid.field("invocation.words", why)
    fields: dict[str, Any] = {"position": bound.position}
    if bound.prefix:
        fields["prefix"] = bound.prefix
    if bound.joined:
        fields["separate"] = False
    if bound.separator is not None:
        fields["itemSeparator"] = bound.separator
    if bound.text is not None:
        fields["valueFrom"] = bound.text
    if bound.raw:
        fields["shellQuote"] = False
    return fields


def _input(argument: Argument) -> dict[str, Any]:
    reach = argument.reach
    bound = reach if isinstance(reach, Bound) else None
    default = argument.default
    # An optional argument without a default may be null in CWL.
    may_lack = not argument.required and default is msgspec.UNSET
    fields: dict[str, Any] = {
        "type": _nullable(_type(argument, bound), argument.nullable or may_lack)
    }
    if default is not msgspec.UNSET:
        fields["default"] = default
        if argument.role == "input" and isinstance(default, str):
            kind = "Directory" if argument.format == "folder" else "File"
            fields["default"] = {"class": kind, "location": default}
        elif argument.type == "choice" and default is not None:
            fields["default"] = str(default)
    if argument.help:
        fields["doc"] = argument.help
    if argument.role == "input" and argument.format not in ("", "folder"):
        fields["format"] = iri_of(argument.format)
    if bound is not None:
        fields["inputBinding"] = _binding(bound)
    return fields | _companions(argument)


def _companions(argument: Argument) -> dict[str, Any]:
    companions = [
        {"pattern": companion.pattern, "required": companion.required}
        for companion in argument.companions
    ]
    return {SECONDARY: companions} if companions else {}


def _nullable(kind: str | dict[str, Any], is_nullable: bool) -> Any:
    if not is_nullable:
        return kind
    return f"{kind}?" if isinstance(kind, str) else ["null", kind]


def _type(argument: Argument, bound: Bound | None) -> str | dict[str, Any]:
    each = bound.each if bound else None
    if argument.role == "input":
        kind = "Directory" if argument.format == "folder" else "File"
        return _array("File", each) if argument.type == "list" else kind
    if argument.type == "secret":
        why = "CWL cannot express this: a secret"
        raise Invalid.field(f"arguments.{argument.name}.type", why)
    if argument.type != "list":
        return _enum(argument) if argument.type == "choice" else TYPES[argument.type]
    if argument.items == "choice":
        return _array(_enum(argument), each)
    if argument.items == "list":
        return _array(_array("Any", each.each if each else None), each)
    if each is None or not each.fields:
        return _array(TYPES[argument.items or "json"], each)
    # Only the words of the objects are known.
    fields = {
        name: {
            "type": _nullable("Any" if field.each is None else _array("Any", field.each), True),
            "inputBinding": _binding(field),
        }
        for name, field in each.fields.items()
    }
    own = msgspec.structs.replace(each, fields={})
    binding = {} if own == Bound() else {"inputBinding": _binding(own)}
    return {"type": "array", "items": {"type": "record", "fields": fields, **binding}}


def _array(items: str | dict[str, Any], each: Bound | None) -> dict[str, Any]:
    binding = {} if each is None else {"inputBinding": _binding(each)}
    return {"type": "array", "items": items, **binding}


def _enum(argument: Argument) -> dict[str, Any]:
    return {"type": "enum", "symbols": [str(choice) for choice in argument.choices]}


def _output(argument: Argument) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    reach = argument.reach
    is_value = isinstance(reach, Found) and argument.type == "json"
    if isinstance(reach, Stdout | Stderr):
        fields["type"] = "stdout" if isinstance(reach, Stdout) else "stderr"
    elif argument.type == "list":
        several: str | dict[str, Any] = {"type": "array", "items": ["File", "Directory"]}
        if isinstance(reach, Found) and reach.only:
            several = "File[]" if reach.only == "file" else "Directory[]"
        fields["type"] = _nullable(several, argument.nullable)
    else:
        kind = "Directory" if argument.format == "folder" else "File"
        fields["type"] = _nullable("Any" if is_value else kind, argument.nullable)
    if argument.help:
        fields["doc"] = argument.help
    if argument.format not in ("", "folder") and not is_value:
        fields["format"] = iri_of(argument.format)
    if isinstance(reach, Found) and reach != Found():
        paths = names_in(reach.value, VALUE)
        binding = {
            "glob": list(reach.patterns),
            VALUE: reach.value,
            "loadContents": any(path[-1] == CONTENTS for path in paths),
        }
        fields["outputBinding"] = {name: value for name, value in binding.items() if value}
    return fields | _companions(argument)


def _streams(
    arguments: tuple[Argument, ...], invocation: Invocation, places: Mapping[str, Path]
) -> dict[str, str]:
    streams = {"stdin": invocation.stdin, "stdout": invocation.stdout, "stderr": invocation.stderr}
    for argument in arguments:
        default = argument.default if isinstance(argument.default, str) else ""
        if isinstance(argument.reach, Stdin):
            name = reference_text(places.get(argument.name) or (argument.name,))
            streams["stdin"] = f"$(inputs{name}.path)"
        elif isinstance(argument.reach, Stdout):
            streams["stdout"] = default
        elif isinstance(argument.reach, Stderr):
            streams["stderr"] = default
    return streams
