"""Commands: from arguments and values to an argument vector, never to a line for a shell.

Many programs parse a word that begins with `-` as an option. Such a text is therefore joined to
its option (`--name=-x`, `-n-x`), unless the description keeps the words separate. It is refused
after an option with one dash and several letters. It is also refused as a positional word of a
program that does not accept `--`. Numbers and a single `-` pass unchanged.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from nbyard.domain.arguments.bindings import (
    Beside,
    Bound,
    Flag,
    Found,
    Option,
    Positional,
    Reach,
    Referenced,
    Stderr,
    Stdin,
    Stdout,
    Variable,
    Words,
)
from nbyard.domain.arguments.file_objects import ReferenceFacts
from nbyard.domain.arguments.structs import Argument, check_value, is_secret
from nbyard.domain.commands.invocations import (
    ATTEMPT,
    Invocation,
    PlacedFile,
    ReferenceContext,
    escape_attempt_paths,
    record_problems,
)
from nbyard.errors import Detail, Invalid

FILE = "{file}"
# After it, no word is an option.
SEPARATOR = "--"
MAX_TIMES = 100
# One word of a command line; the limit of Linux.
MAX_WORD_BYTES = 128 * 1024 - 1
# Below ARG_MAX of macOS (1 MiB) and the default of Linux (2 MiB), which include variables.
MAX_LINE_BYTES = 1_000_000
OPTION = re.compile(r"-{1,2}[^\s=\-\x00][^\s=\x00]{0,127}\Z")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")
# These change which program or library is loaded, or are set by nbyard.
RESERVED = frozenset(
    {"PATH", "HOME", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "NODE_OPTIONS", "PERL5LIB"}
)
RESERVED_BEGINNINGS = ("LD_", "DYLD_", "PYTHON", "NBYARD_", "JUPYTER", "JPY_", "GCONV_", "GLIBC_")


class CommandLine(NamedTuple):
    """A command line; `files` must be in the working folder.

    `stdin`, `stdout` and `stderr` are relative to the attempt folder; empty = none.
    """

    argv: list[str]
    environment: dict[str, str]
    stdin: str
    stdout: str
    stderr: str = ""
    files: tuple[PlacedFile, ...] = ()


PLAIN = Invocation()
HERE = ReferenceFacts()


def check_command(
    prefix: Sequence[str], arguments: Sequence[Argument], invocation: Invocation = PLAIN
) -> None:
    """Refuse arguments that cannot become a command line.

    Raises:
        Invalid: with one detail per refused field.
    """
    details = []
    if not prefix and not invocation.words:
        details.append(Detail("command", "the program is missing"))
    for index, word in enumerate(prefix):
        if "\x00" in word or not word:
            details.append(Detail(f"command.{index}", "may not be empty or contain NUL"))
    details += _problems(arguments, invocation)
    if details:
        raise Invalid.fields(details)


def check_reaches(arguments: Sequence[Argument], invocation: Invocation) -> None:
    """Check how the declared arguments reach the command.

    Arguments without a reach are allowed, as users may declare it later.

    Raises:
        Invalid: with one detail per refused field.
    """
    unsaid = {index for index, argument in enumerate(arguments) if argument.reach is None}
    known = {f"arguments.{index}.reach" for index in unsaid}
    if details := [
        detail for detail in _problems(arguments, invocation) if detail.path not in known
    ]:
        raise Invalid.fields(details)


def _problems(arguments: Sequence[Argument], invocation: Invocation) -> list[Detail]:
    positions: set[int] = set()
    flags: set[str] = set()
    details = []
    for index, argument in enumerate(arguments):
        problem = _reach_problem(argument, positions)
        if problem is None:
            own_flags = _flags(argument.reach)
            twice = [word for word in own_flags if word in flags]
            problem = f"{twice[0][:40]} is the flag of another argument" if twice else None
            flags.update(own_flags)
        if problem:
            details.append(Detail.of(f"arguments.{index}.reach", problem))
    places = [bound.position for bound in invocation.words]
    places += [a.reach.position for a in arguments if isinstance(a.reach, Bound)]
    if len(set(places)) < len(places):
        details.append(Detail("invocation.words", "each position can be used only once"))
    details += [
        Detail.of(f"invocation.variables.{name}", problem)
        for name in invocation.variables
        if (problem := _variable_problem(name))
    ]
    details += record_problems(invocation.records, arguments)
    in_folder = any((invocation.files, invocation.stdout, invocation.stderr))
    in_folder |= any(a.role == "output" and isinstance(a.reach, Found | Beside) for a in arguments)
    if in_folder and not invocation.apart:
        details.append(
            Detail(
                "invocation.apart",
                "files of the working folder need a separate working folder (apart)",
            )
        )
    for kind in (Stdin, Stdout, Stderr):
        stream = kind.__name__.lower()
        if getattr(invocation, stream) and any(isinstance(a.reach, kind) for a in arguments):
            problem = f"another argument already uses {stream}"
            details.append(Detail.of(f"invocation.{stream}", problem))
    return details


def _reach_problem(argument: Argument, positions: set[int]) -> str | None:
    reach = argument.reach
    problem: str | None = None
    if reach is None:
        problem = (
            "specify how the program receives it: option, flag, positional, variable, stdin or"
            " stdout"
        )
    elif isinstance(reach, Option | Words | Flag):
        wrong = [word for word in _flags(reach) if not OPTION.match(word)]
        problem = f"{wrong[0][:40]!r} is not an option such as --name or -n" if wrong else None
    elif isinstance(reach, Variable):
        problem = _variable_problem(reach.variable)
    elif isinstance(reach, Positional):
        is_free = reach.position >= 0 and reach.position not in positions
        problem = (
            None if is_free else "positions start at 0, and each position can be used only once"
        )
        positions.add(reach.position)
    elif isinstance(reach, Bound | Referenced) and argument.role == "output":
        problem = "an output gets a path only as an option, a positional word or a variable"
    elif isinstance(reach, Bound) and reach.joined and not reach.prefix:
        problem = "a joined word needs a prefix"
    elif isinstance(reach, Found):
        wrong = [p for p in reach.patterns if not p or p.startswith("/") or ".." in p.split("/")]
        problem = (
            f"{wrong[0][:60]!r} is not a pattern relative to the working folder" if wrong else None
        )
    return problem


def _flags(reach: Reach | None) -> list[str]:
    if isinstance(reach, Flag):
        return reach.flag.split("/", 1)
    return [reach.flag] if isinstance(reach, Option | Words) else []


def _variable_problem(name: str) -> str | None:
    if not VARIABLE.match(name):
        return f"{name[:40]!r} is not a valid name of an environment variable"
    if name.upper() in RESERVED or name.upper().startswith(RESERVED_BEGINNINGS):
        return f"the variable {name} may not be set"
    return None


def build_argv(
    prefix: Sequence[str],
    arguments: Sequence[Argument],
    values: Mapping[str, Any],
    invocation: Invocation = PLAIN,
    facts: ReferenceFacts = HERE,
) -> CommandLine:
    """Build the command line from arguments and values.

    The order is: `prefix`, options as declared, positional words, bound words. Null values and
    values without default are omitted. A list repeats its option, or follows one (`Words`); that
    option is last or precedes `--`.

    Raises:
        Invalid: a value is missing, has another type or is not declared.
    """
    check_command(prefix, arguments, invocation)
    given = _checked_values(arguments, values)
    words_by_reach = _WordsByReach()
    for argument in arguments:
        if given.get(argument.name) is not None:
            words_by_reach.add(argument, given[argument.name])
    context = ReferenceContext(invocation, arguments, given, facts)
    argv = context.line([*prefix, *words_by_reach.words(arguments)])
    if sum(len(word.encode()) for word in argv) > MAX_LINE_BYTES:
        raise Invalid.field("arguments", f"the command line is longer than {MAX_LINE_BYTES} bytes")
    argv = [_word(word, "arguments") for word in argv]
    environment = dict(words_by_reach.environment)
    for name, text in invocation.variables.items():
        where = f"variables.{name}"
        environment[name] = _word(context.text(text, where), where)
    return CommandLine(
        argv,
        environment,
        words_by_reach.streams[Stdin] or context.stdin(),
        words_by_reach.streams[Stdout] or context.stream(invocation.stdout, "stdout"),
        words_by_reach.streams[Stderr] or context.stream(invocation.stderr, "stderr"),
        tuple(context.files),
    )


class _WordsByReach:
    """Values as words, sorted by how their arguments reach the program."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self.streams: dict[type, str] = {Stdin: "", Stdout: "", Stderr: ""}
        self._options: list[str] = []
        self._open: list[str] = []  # options that may consume the words after them
        self._positional: dict[int, list[str]] = {}

    def add(self, argument: Argument, value: Any) -> None:
        reach, where = argument.reach, f"arguments.{argument.name}"
        if isinstance(reach, Flag):
            self._options += _flag_words(reach, value, where)
        elif isinstance(reach, Option):
            self._options += _option_words(reach, argument, value, where)
        elif isinstance(reach, Words):
            self._open += _many_words(reach, argument, value, where)
        elif isinstance(reach, Positional):
            words = []
            for item in _items(argument, value):
                word = _word(item, where)
                may_pass = reach.separated and word != SEPARATOR
                if _looks_like_option(item, word) and not may_pass:
                    raise Invalid.field(
                        where, "begins with -, so the program would read it as an option"
                    )
                words.append(word)
            self._positional[reach.position] = words
        elif isinstance(reach, Variable):
            self.environment[reach.variable] = _word(value, where)
        elif isinstance(reach, Stdin | Stdout | Stderr):
            # relative to the attempt folder
            inside = str(value).removeprefix(f"{ATTEMPT}/")
            if inside == value or inside.startswith("/") or ".." in inside.split("/"):
                raise Invalid.field(where, "must be a file of the attempt")
            self.streams[type(reach)] = inside

    def words(self, arguments: Sequence[Argument]) -> list[str]:
        """Return the words after the prefix.

        Raises:
            Invalid: a positional argument is missing before one that has a value.
        """
        positional_words = [word for _, group in sorted(self._positional.items()) for word in group]
        positional = [(a.reach, a) for a in arguments if isinstance(a.reach, Positional)]
        if not any(reach.separated for reach, _ in positional):
            return [*self._options, *positional_words, *self._open]
        # refuse a gap: a parser fills the first optional place with the first spare word
        places = {reach.position: argument for reach, argument in positional}
        filled = sorted(at for at, group in self._positional.items() if group)
        for position, argument in places.items():
            behind = [places[at] for at in filled if at > position]
            taken = [
                a for a in behind if a.type == "list" or not (a.required or a.role == "output")
            ]
            if position not in filled and taken:
                reason = (
                    f"a value is needed, because the value of {taken[0].name} would take its"
                    " position"
                )
                raise Invalid.field(f"arguments.{argument.name}", reason)
        is_needed = positional_words and (
            self._open or any(word.startswith("-") for word in positional_words)
        )
        return [*self._options, *self._open, *([SEPARATOR] if is_needed else []), *positional_words]


def _checked_values(arguments: Sequence[Argument], values: Mapping[str, Any]) -> dict[str, Any]:
    names = {argument.name for argument in arguments}
    if unknown := [name for name in values if name not in names]:
        raise Invalid.field(f"arguments.{unknown[0][:40]}", "unknown argument")
    checked = {}
    for argument in arguments:
        where = f"arguments.{argument.name}"
        value = values.get(argument.name, argument.default)
        if value is msgspec.UNSET:
            if argument.required:
                raise Invalid.field(where, "a value is needed")
        elif value is not None or argument.required:
            checked[argument.name] = escape_attempt_paths(
                argument, check_value(argument, value, where)
            )
    return checked


def _items(argument: Argument, value: Any) -> list[Any]:
    return value if argument.type == "list" and isinstance(value, list) else [value]


def _option_words(reach: Option, argument: Argument, value: Any, where: str) -> list[str]:
    words = []
    for item in _items(argument, value):
        word = _word(item, where)
        if reach.joined:
            words.append(f"{reach.flag}={word}")
        elif reach.joined is False or not _looks_like_option(item, word):
            words += [reach.flag, word]
        elif reach.flag.startswith("--"):
            words.append(f"{reach.flag}={word}")
        elif len(reach.flag) == 2:
            words.append(reach.flag + word)
        else:
            raise Invalid.field(where, f"begins with -, so {reach.flag} would read it as an option")
    return words


def _flag_words(reach: Flag, value: Any, where: str) -> list[str]:
    on, _, off = reach.flag.partition("/")
    if isinstance(value, bool):
        word = on if value else off
        return [word] if word else []
    if not 0 <= value <= MAX_TIMES:
        raise Invalid.field(where, f"a number from 0 to {MAX_TIMES} is needed")
    return [on] * value


def _many_words(reach: Words, argument: Argument, value: Any, where: str) -> list[str]:
    items = _items(argument, value)
    if len(items) == 1:
        return _option_words(Option(reach.flag), argument, items, where)
    words = [_word(item, where) for item in items]
    if any(_looks_like_option(item, word) for item, word in zip(items, words, strict=True)):
        raise Invalid.field(
            where, f"a text begins with -, so {reach.flag} would not accept it as a value"
        )
    return [reach.flag, *words]


def _looks_like_option(value: Any, word: str) -> bool:
    is_number = isinstance(value, int | float)
    return word.startswith("-") and word != "-" and not is_number


def _word(value: Any, where: str) -> str:
    """Return a value as text: `true`, `0.1`, strings unchanged, lists and objects as JSON."""
    if isinstance(value, bool):
        word = "true" if value else "false"
    elif isinstance(value, float) and value < 0:
        word = format(Decimal(repr(value)), "f")  # -1e-05 is an option to some programs
    elif isinstance(value, int | float):
        word = repr(value)
    elif isinstance(value, str):
        word = value
    else:
        word = json.dumps(value, ensure_ascii=False)
    if "\x00" in word:
        raise Invalid.field(where, "the text contains a NUL character")
    if len(word.encode()) > MAX_WORD_BYTES:
        reason = f"is longer than {MAX_WORD_BYTES} bytes, the maximum for a word of a command line"
        raise Invalid.field(where, reason, hint="Pass it as a file.")
    return word


def secret_variables(
    arguments: Sequence[Argument], environment: Mapping[str, str]
) -> dict[str, str]:
    """Map the variables of secrets to the files with their values.

    `environment` has the variables of the command line. Paths are relative to the attempt folder.
    """
    return {
        a.reach.variable: environment[a.reach.variable].removeprefix(f"{ATTEMPT}/")
        for a in arguments
        if is_secret(a) and isinstance(a.reach, Variable) and a.reach.variable in environment
    }


def expand_file(prefix: Sequence[str], file: str) -> list[str]:
    """Replace `{file}` in a prefix by the script's path in the attempt."""
    place = f"{ATTEMPT}/code/{file}"
    return [word.replace(FILE, place) for word in prefix]
