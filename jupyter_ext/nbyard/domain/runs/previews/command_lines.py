"""Previews of the command line that a description of arguments leads to.

`build_argv`, which builds the command line of each attempt, also builds the preview. Only the
values differ: an argument without a value is shown as `<name>`, a file by its name.
"""

import posixpath
import re
import secrets
import shlex
from collections.abc import Iterator
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Bound, Flag, Option, Positional, Stdin, Variable, Words
from nbyard.domain.arguments.file_objects import ReferenceFacts
from nbyard.domain.arguments.structs import Argument, ValueType, check_arguments, is_secret
from nbyard.domain.attempts.structs import IMAGE_PROGRAM
from nbyard.domain.commands.command_line import CommandLine, build_argv, expand_file
from nbyard.domain.commands.invocations import ATTEMPT, WORK, Invocation
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.runs.planning import output_filename
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

# The folders of an attempt with the code and the files of a command.
PLACE = re.compile(rf"(?<!\{{)\{{attempt\}}/(?:code/|{re.escape(WORK)}/)?")
# The runner removes a brace of these texts as well.
LITERAL = re.compile(r"\{(\{+attempt)")
SHOWN = (Option, Words, Flag, Positional, Variable)
SPECIAL: dict[str, tuple[Any, ...]] = {
    "string": ("", "-x"),
    "bool": (True, False),
    "list": ([], ["-x"]),
}


class CommandDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command to preview, saved or not. `{file}` in `command` stands for `file`.

    `values` replace the defaults of arguments. The value of an input is a file name. Values of
    outputs and secrets are ignored.
    """

    arguments: list[Argument]
    command: list[str]
    file: str = ""
    invocation: Invocation = Invocation()
    values: dict[str, Any] = {}


class CommandExample(msgspec.Struct, frozen=True):
    """The words that a value of an argument adds to the command line, as `line`.

    A null `value` means that the argument has no value. With a `problem`, a run with this value
    is refused.
    """

    argument: str
    value: Any
    line: str
    problem: Reason | None = None


class CommandPreview(msgspec.Struct, frozen=True):
    """A preview of a command line. `line` is quoted for a POSIX shell.

    In `line`, variables precede the command, and redirections of standard streams follow it.
    `words` are the command's words without quotes. `examples` show the words that special values
    of each argument add. `<name>` stands for a value that is not known yet.
    """

    line: str
    words: list[str]
    examples: list[CommandExample]


def draft_of(version: ExecutableVersion) -> CommandDraft | None:
    """Return the command of an executable version; None if it is not a command."""
    if not version.command and not version.invocation.words:
        return None
    return CommandDraft(version.arguments, version.command, version.file, version.invocation)


def preview_command(draft: CommandDraft) -> CommandPreview:
    """Build the command line of a run: with the draft's values, defaults and placeholders.

    Raises:
        Invalid: the description cannot be saved, or a run with these values would be
            refused.
    """
    check_arguments(draft.arguments)
    mark = secrets.token_hex(8)  # random, so the draft cannot contain it
    filled = [_filled_argument(argument, draft, mark) for argument in draft.arguments]
    files: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for argument in draft.arguments:
        # one file of a list, and its companions
        name = _marked(argument.name, mark)
        beside = [companion.beside.name(name) for companion in argument.companions]
        files[argument.name] = [name, *beside]
        places |= dict.fromkeys((argument.name, f"{argument.name}/{name}"), argument.name)
    script = posixpath.basename(draft.file) or _marked("file", mark)
    prefix = [
        _marked("image", mark) if word == IMAGE_PROGRAM else word
        for word in expand_file(draft.command, script)
    ]
    built = build_argv(
        prefix,
        [argument for argument, _ in filled],
        {**draft.values, **{argument.name: value for argument, value in filled}},
        draft.invocation,
        # only a run knows sizes and contents
        ReferenceFacts(
            files=files,
            sizes={key: _marked(f"{name}.size", mark) for key, name in places.items()},
            contents={key: _marked(f"{name}.contents", mark) for key, name in places.items()},
        ),
    )
    argv = []
    for word in built.argv:
        pieces = _without_places(word).split(mark)
        argv.append("".join(f"<{piece}>" if at % 2 else piece for at, piece in enumerate(pieces)))
    return CommandPreview(
        _shell_line(built, mark),
        argv,
        [example for argument in draft.arguments for example in _examples(argument, mark)],
    )


def _marked(name: str, mark: str) -> str:
    return f"{mark}{name}{mark}"


def _filled_argument(argument: Argument, draft: CommandDraft, mark: str) -> tuple[Argument, Any]:
    """Return the argument to preview, and its value.

    An unknown value is a placeholder between marks. The argument then accepts any text.
    """
    placeholder = _marked(argument.name, mark)
    value = draft.values.get(argument.name, argument.default)
    if is_secret(argument):
        return argument, f"{ATTEMPT}/{placeholder}"
    if argument.role == "output":
        return argument, f"{ATTEMPT}/{output_filename(argument)}"
    is_known = argument.name in draft.values or value not in (msgspec.UNSET, None)
    if argument.role == "input":
        is_each = argument.type == "list" and isinstance(argument.reach, Bound)
        is_staged = argument.name in draft.values or draft.invocation.apart
        if not is_known or value == "":
            value = ATTEMPT if is_each else f"{ATTEMPT}/{placeholder}"
        elif isinstance(value, str) and (is_staged or isinstance(argument.reach, Stdin)):
            value = f"{ATTEMPT}/{posixpath.basename(value)}"
        # another default stays as the script knows it
        return argument, value
    if is_known:
        return argument, value
    is_switch = isinstance(argument.reach, Bound) and argument.type == "bool"
    if is_switch or isinstance(argument.reach, Flag):
        return argument, argument.type == "bool" or 1
    is_list = argument.type == "list"
    kind: ValueType = "list" if is_list else "string"
    taking = msgspec.structs.replace(argument, type=kind, items="", choices=())
    return taking, [placeholder, placeholder] if is_list else placeholder


def _examples(argument: Argument, mark: str) -> Iterator[CommandExample]:
    """Yield the words that special values of an argument add to the command line."""
    if argument.role != "value" or is_secret(argument) or not isinstance(argument.reach, SHOWN):
        return
    values = SPECIAL.get(argument.type, ())
    if isinstance(argument.reach, Flag) and argument.type == "int":
        values = (2, 0)
    if argument.items not in ("", "string"):
        values = values[:1]
    has_default = argument.default not in (msgspec.UNSET, None)
    if argument.nullable or not (argument.required or has_default):
        values = (*values, None)
    optional = msgspec.structs.replace(argument, default=None)
    for value in values:
        try:
            built = build_argv([argument.name], [optional], {argument.name: value})
        except Invalid as error:
            yield CommandExample(argument.name, value, "", error.details[0].why)
        else:
            line = _shell_line(built._replace(argv=built.argv[1:]), mark)
            yield CommandExample(argument.name, value, line)


def _shell_line(built: CommandLine, mark: str) -> str:
    """Return the command line with variables and redirections, quoted for a POSIX shell."""
    streams = (("<", built.stdin), (">", built.stdout), ("2>", built.stderr))
    parts = [
        *(f"{name}={_quote_word(value, mark)}" for name, value in built.environment.items()),
        *(_quote_word(word, mark) for word in built.argv),
        *(f"{sign} {_quote_word(f'{ATTEMPT}/{place}', mark)}" for sign, place in streams if place),
    ]
    return " ".join(parts)


def _quote_word(word: str, mark: str) -> str:
    """Quote a word for a shell, without quoting its placeholders."""
    pieces = _without_places(word).split(mark)
    if len(pieces) == 1:
        return shlex.quote(pieces[0])
    quoted = (
        f"<{piece}>" if index % 2 else piece and shlex.quote(piece)
        for index, piece in enumerate(pieces)
    )
    return "".join(quoted)


def _without_places(word: str) -> str:
    """Remove the folders of the attempt from a word; only file names remain."""
    return LITERAL.sub(r"\1", PLACE.sub("", word))
