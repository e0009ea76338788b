"""Invocation of a command: fixed words, variables, files, streams and exit codes.

It complements the first words of the command and its arguments.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from nbyard.domain.arguments.bindings import Beside, Bound, Found
from nbyard.domain.arguments.file_objects import (
    CONTENTS,
    LISTING,
    MIB,
    SECONDARY,
    ReferenceFacts,
    as_file_object,
    change_path,
    is_file_object,
)
from nbyard.domain.arguments.parameter_references import evaluate_reference, in_parts, names_in
from nbyard.domain.arguments.structs import Argument, is_secret
from nbyard.errors import Detail, Invalid

ATTEMPT = "{attempt}"
# Such a text from a user must stay text: `escape_attempt_paths` adds a brace for the runner.
PLACE_LIKE = re.compile(r"\{+attempt")
# The attempt's own working folder for a command with `apart`; no output has this name.
WORK = "outputs/.work"
TEMPORARY = "outputs/.tmp"
SHELL = ("/bin/sh", "-c")
VALUE = "outputEval"


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Several arguments that references see as one object.

    Each field is the name of an argument or an inner record. An `optional` record is null if none
    of its fields has a value.
    """

    fields: dict[str, "str | Record"]
    optional: bool = False

    def of(self, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the object for references.

        `values` are by argument name. Return None if the record is optional and has no value.
        """
        record = {
            name: values.get(field) if isinstance(field, str) else field.of(values)
            for name, field in self.fields.items()
        }
        is_absent = self.optional and all(value is None for value in record.values())
        return None if is_absent else record

    @property
    def names(self) -> set[str]:
        """Return the names of all arguments in the record and its inner records."""
        inner = [field.names for field in self.fields.values() if isinstance(field, Record)]
        return {field for field in self.fields.values() if isinstance(field, str)}.union(*inner)


def record_problems(records: Mapping[str, Record], arguments: Sequence[Argument]) -> list[Detail]:
    """Return one error for each invalid record.

    A record is invalid if its name is that of an input or value. Its fields must name inputs or
    values.
    """
    known = {argument.name for argument in arguments if argument.role != "output"}
    problem = "needs a unique name, and all its fields must be inputs"
    wrong = [name for name, record in records.items() if name in known or record.names - known]
    return [Detail.of(f"invocation.records.{name[:40]}", problem) for name in wrong]


class WorkFile(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A file of the working folder: an input or a text with references.

    It is an input if `text` is exactly one reference to an input, without white space. Without a
    `name`, an input keeps its own. A `writable` file is a copy.
    """

    text: str
    name: str = ""
    writable: bool = False


class Invocation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How a command runs, beyond its first words and its arguments.

    Texts may contain references. References see the `records` beside the arguments:
    `$(inputs.options)`.

    - `words` are sorted among the bound words of the arguments.
    - With `apart`, the working folder is a new empty one, not the folder of the code. `files`
      are put into it. `stdout` and `stderr` are names in it.
    - `stdin` is the path of an input.
    - An exit code outside the three lists means success if it is 0.
    - `outdir_mib` and `tmpdir_mib` are the sizes that references see. The space is not
      reserved.
    - The `loaded` inputs are short texts whose contents are always read.
    - With `for_shell`, a shell reads the command line, in containers only.
    """

    words: tuple[Bound, ...] = ()
    variables: dict[str, str] = {}
    apart: bool = False
    files: tuple[WorkFile, ...] = ()
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    success_codes: tuple[int, ...] = ()
    temporary_codes: tuple[int, ...] = ()
    permanent_codes: tuple[int, ...] = ()
    records: dict[str, Record] = {}
    outdir_mib: int = 1024
    tmpdir_mib: int = 1024
    loaded: tuple[str, ...] = ()
    for_shell: bool = False


class PlacedFile(NamedTuple):
    """A file to put into the working folder: the input at the path `source`, else a `text`."""

    name: str
    source: str
    text: str
    writable: bool


ReferenceText = tuple[str, str, tuple[str, ...]]


def texts_with_references(
    invocation: Invocation, arguments: Sequence[Argument]
) -> list[ReferenceText]:
    """Return all texts that may contain references.

    Each item is the field that errors name, the text, and the path that `self` stands for.
    """
    texts: list[ReferenceText] = []
    texts += [(f"arguments.{i}", word.text or "", ()) for i, word in enumerate(invocation.words)]
    texts += [(f"variables.{name}", text, ()) for name, text in invocation.variables.items()]
    texts += [("files", text, ()) for file in invocation.files for text in (file.text, file.name)]
    streams = ("stdin", "stdout", "stderr")
    texts += [(stream, getattr(invocation, stream), ()) for stream in streams]
    for argument in arguments:
        if isinstance(argument.reach, Found):
            where = f"outputs.{argument.name}"
            texts += [(where, text, ()) for text in argument.reach.patterns]
            texts.append((f"{where}.{VALUE}", argument.reach.value, ("outputs", argument.name)))
        elif isinstance(argument.reach, Bound):
            where = f"inputs.{argument.name}.inputBinding"
            itself = ("inputs", argument.name)
            texts += [(where, text, place) for text, place in _texts_of(argument.reach, itself)]
    return texts


def _texts_of(bound: Bound, itself: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    texts = [(bound.text or "", itself)]
    if bound.each is not None:
        texts += _texts_of(bound.each, (*itself, "0"))
    for name, field in bound.fields.items():
        texts += _texts_of(field, (*itself, name))
    return texts


def with_contents(invocation: Invocation, arguments: Sequence[Argument]) -> set[str]:
    """Return the inputs whose contents are read, for references or because they are loaded."""
    paths = _paths_in(invocation, arguments)
    return {path[1] for path in paths if path[-1] == CONTENTS} | {*invocation.loaded}


def with_listing(invocation: Invocation, arguments: Sequence[Argument]) -> set[str]:
    """Return the inputs whose listing a reference needs."""
    return {path[1] for path in _paths_in(invocation, arguments) if path[2] == LISTING}


def _paths_in(invocation: Invocation, arguments: Sequence[Argument]) -> Iterator[tuple[str, ...]]:
    for where, text, itself in texts_with_references(invocation, arguments):
        for path in names_in(text, where):
            whole = (*itself, *path[1:]) if path[0] == "self" else path
            if whole[:1] == ("inputs",) and len(whole) > 2:
                yield whole


class ReferenceContext:
    """Evaluates the references of a command, and builds the words of its bindings."""

    def __init__(
        self,
        invocation: Invocation,
        arguments: Sequence[Argument],
        values: Mapping[str, Any],
        facts: ReferenceFacts,
    ):
        self._invocation = invocation
        self._arguments = arguments
        inputs = {a.name: as_file_object(a, values.get(a.name), facts) for a in arguments}
        inputs |= {name: record.of(inputs) for name, record in invocation.records.items()}
        outputs = {a.name for a in arguments if a.role == "output"}
        directory = f"{ATTEMPT}/{WORK if invocation.apart else 'code'}"
        self.known: dict[str, Any] = {
            "inputs": {name: value for name, value in inputs.items() if name not in outputs},
            "self": None,
            "runtime": {
                "outdir": directory,
                "tmpdir": f"{ATTEMPT}/{TEMPORARY}",
                "cores": facts.cores,
                "ram": -(-facts.memory_bytes // MIB),
                "outdirSize": invocation.outdir_mib,
                "tmpdirSize": invocation.tmpdir_mib,
            },
        }
        self.files = self._place_files()

    def text(self, text: str, where: str) -> str:
        """Return a text with its references replaced by their values.

        Raises:
            Invalid: a reference leads to null, an object or a list.
        """
        value = evaluate_reference(text, self.known, where)
        if isinstance(value, str):
            return value
        if value is None or (isinstance(value, bool | list | dict) and not is_file_object(value)):
            raise Invalid.field(where, f"{text[:60]!r} is not a text")
        return as_word(value)

    def stdin(self) -> str:
        """Return the path of standard input in the attempt folder, empty if there is none.

        Raises:
            Invalid: the reference leads to no file of the attempt.
        """
        text = self._invocation.stdin
        value = evaluate_reference(text, self.known, "stdin") if text else None
        if value is None:
            return ""
        place = as_word(value)
        if not place.startswith(f"{ATTEMPT}/"):
            raise Invalid.field("stdin", "an input file is needed")
        return path_inside(place.removeprefix(f"{ATTEMPT}/"), "stdin")

    def stream(self, text: str, field: str) -> str:
        """Return the path of an output stream in the attempt folder, empty if there is none."""
        return f"{WORK}/{path_inside(self.text(text, field), field)}" if text else ""

    def patterns(self, patterns: Sequence[str], where: str) -> list[str]:
        """Evaluate patterns of names in the working folder; `.` is the folder itself."""
        evaluated = []
        for text in patterns:
            value = evaluate_reference(text, self.known, where)
            for element in value if isinstance(value, list) else [value]:
                pattern = as_word(element).removeprefix(self.known["runtime"]["outdir"]).lstrip("/")
                evaluated.append("." if pattern in ("", ".") else path_inside(pattern, where))
        return evaluated

    def parts(self, text: str, where: str) -> list[dict[str, Any]]:
        """Evaluate a text whose `self` is known only after the task, as `in_parts` does."""
        return in_parts(text, self.known, where) if text else []

    def line(self, first: Sequence[str]) -> list[str]:
        """Return the command line that begins with these words, or the shell's line for it."""
        if not self._invocation.for_shell:
            return [*first, *self._all_words()]
        return [*SHELL, " ".join([*map(shlex.quote, first), *self._all_words()])]

    def _all_words(self) -> list[str]:
        """Return the fixed words and those of arguments, in the order of their positions."""
        given = self.known["inputs"]
        positioned = [
            (bound.position, self._fixed(bound, f"words.{index}"))
            for index, bound in enumerate(self._invocation.words)
            if not bound.when or any(given.get(name) is not None for name in bound.when)
        ]
        for argument in self._arguments:
            if isinstance(argument.reach, Bound):
                value = given.get(argument.name)
                where = f"arguments.{argument.name}"
                positioned.append(
                    (argument.reach.position, self._words(argument.reach, value, where))
                )
        return [word for _, group in sorted(positioned, key=lambda pair: pair[0]) for word in group]

    def _fixed(self, bound: Bound, where: str) -> list[str]:
        return self._words_of_binding(
            bound, evaluate_reference(bound.text or "", self.known, where), where
        )

    def _words(self, bound: Bound, value: Any, where: str) -> list[str]:
        if value is None:
            return []
        if bound.text is not None:
            value = evaluate_reference(bound.text, {**self.known, "self": value}, where)
        return self._words_of_binding(bound, value, where)

    def _words_of_binding(self, bound: Bound, value: Any, where: str) -> list[str]:
        lead = self._quoted(bound, [bound.prefix] if bound.prefix else [])
        if value is None or value is False or value == []:
            return []
        if value is True or (isinstance(value, dict) and not is_file_object(value)):
            return lead + self._of_fields(bound, value, where)
        if not isinstance(value, list):
            return self._quoted(bound, _prefixed(bound, as_word(value)))
        if bound.separator is not None:
            word = bound.separator.join(as_word(item) for item in value)
            return self._quoted(bound, _prefixed(bound, word))
        if bound.text is not None:
            return lead + self._quoted(bound, [as_word(item) for item in value])
        each = bound.each or Bound()
        return lead + [word for item in value for word in self._words(each, item, where)]

    def _quoted(self, bound: Bound, words: list[str]) -> list[str]:
        """Quote words for the shell if one reads them."""
        is_quoted = self._invocation.for_shell and not bound.raw
        return [shlex.quote(word) for word in words] if is_quoted else words

    def _of_fields(self, bound: Bound, value: Any, where: str) -> list[str]:
        parts = sorted(bound.fields.items(), key=lambda pair: (pair[1].position, pair[0]))
        known = value if isinstance(value, dict) else {}
        return [
            word for name, field in parts for word in self._words(field, known.get(name), where)
        ]

    def _place_files(self) -> list[PlacedFile]:
        """Return the files to place. References see a placed input at its new path from then on."""
        placed: list[PlacedFile] = []
        for index, file in enumerate(self._invocation.files):
            where = f"files.{index}"
            value = evaluate_reference(file.text, self.known, where, exact=True)
            name = self.text(file.name, where) if file.name else ""
            if is_file_object(value):
                placed += self._place_companions(value, name, file.writable, where)
                placed.append(self._moved(value, name, file.writable, where))
            elif isinstance(value, list) and all(is_file_object(member) for member in value):
                every = [each for member in value for each in (*member.get(SECONDARY, ()), member)]
                placed += [self._moved(each, "", file.writable, where) for each in every]
            elif value is not None:
                text = value if isinstance(value, str) else as_word(value)
                placed.append(PlacedFile(path_inside(name, where), "", text, file.writable))
        return placed

    def _place_companions(
        self, value: dict[str, Any], name: str, writable: bool, where: str
    ) -> list[PlacedFile]:
        inputs, placed = self.known["inputs"], []
        for argument in self._arguments:
            reach, own = argument.reach, inputs.get(argument.name)
            if isinstance(reach, Beside) and inputs.get(reach.of) is value and own is not None:
                called = reach.name(name or value["basename"])
                placed.append(self._moved(own, called, writable, where))
        return placed

    def _moved(self, value: dict[str, Any], name: str, writable: bool, where: str) -> PlacedFile:
        source, target = value["path"], path_inside(name or value["basename"], where)
        # in place, so that later references see the new path
        change_path(value, f"{ATTEMPT}/{WORK}/{target}")
        return PlacedFile(target, source, "", writable)


def escape_attempt_paths(argument: Argument, value: Any) -> Any:
    """Escape a plain value so that the runner finds no attempt path in it."""
    if argument.role != "value" or is_secret(argument):
        return value
    return _literal(value)


def _literal(value: Any) -> Any:
    if isinstance(value, str):
        return PLACE_LIKE.sub(r"{\g<0>", value)
    if isinstance(value, list):
        return [_literal(item) for item in value]
    if isinstance(value, dict):
        return {_literal(key): _literal(item) for key, item in value.items()}
    return value


def input_places(arguments: Sequence[Argument], filenames: Mapping[str, str]) -> dict[str, str]:
    """Return the paths of inputs in the attempt folder, companions last.

    `filenames` has the file names by input. A companion is placed beside its file.

    Raises:
        Invalid: two inputs have the same path.
    """
    places = {name: f"inputs/{name}/{filename}" for name, filename in filenames.items()}
    for argument in arguments:
        reach = argument.reach
        if isinstance(reach, Beside) and argument.name in places and reach.of in places:
            place = f"inputs/{reach.of}/{reach.name(filenames[reach.of])}"
            if place in places.values():
                name = place.rpartition("/")[2]
                reason = f"{name} is already the name of another file next to {reach.of}"
                raise Invalid.field(f"arguments.{argument.name}", reason)
            # Insert the name again, so that it comes after the file that it accompanies.
            del places[argument.name]
            places[argument.name] = place
    return places


def path_inside(name: str, where: str) -> str:
    """Check that a relative path stays in its folder, and return it.

    Raises:
        Invalid: the path is empty, absolute, or has an empty part, `.` or `..`.
    """
    parts = name.split("/")
    if not name or name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise Invalid.field(where, f"{name[:80]!r} is not a path inside the working folder")
    return name


def as_word(value: Any) -> str:
    """Return one value as one word: a file's path, or a decimal number without a trailing `.0`."""
    if is_file_object(value):
        return str(value["path"])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    return str(value) if isinstance(value, str | int) else msgspec.json.encode(value).decode()


def _prefixed(bound: Bound, word: str) -> list[str]:
    if bound.joined:
        return [bound.prefix + word]
    return [bound.prefix, word] if bound.prefix else [word]
