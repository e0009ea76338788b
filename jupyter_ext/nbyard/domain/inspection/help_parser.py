"""Parses the output of `--help` to a first list of arguments, which users correct."""

import re
from collections.abc import Iterator

import msgspec

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Reach, Words
from nbyard.domain.arguments.structs import ValueType
from nbyard.domain.commands.command_line import OPTION
from nbyard.domain.inspection.cli_parameters import (
    Parameter,
    UnreadArguments,
    WordType,
    check_places,
    usual_name,
)
from nbyard.domain.inspection.scripts import Script, arguments_of
from nbyard.reasons.structs import because

# Matches `--[no-]color`, `-v...`, `--level[=LEVEL]`, `--name=NAME` and `-o FILE`.
FLAG = re.compile(
    r"(?P<flag>-{1,2}(\[no-\])?\w[\w.-]*?)(?P<many>\.\.\.)?((?P<by>\[?=| )(?P<rest>.+))?\Z"
)
# colours, and overstrikes as in man pages
CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|.\x08")
GAP = re.compile(r"\s{2,}|\t")
# One word of a usage line, or one group in brackets, such as `[FILE [FILE ...]]...`.
GROUP = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\](?:\.\.\.)?|\S+")
USAGE = re.compile(r"usage:\s*", re.IGNORECASE)
CHOICES = re.compile(r"[{\[(](?P<words>[^\s{}\[\]()]+[,|][^\s{}\[\]()]+)[}\])]\Z")
NEEDED = re.compile(r"\[([^\[\]]*; )?required\]|\(required\)", re.IGNORECASE)
# options that only print something, and their short forms
ASKS = frozenset({"--help", "--version"})
LETTERS = frozenset({"-h", "-?", "-V"})
WORD_TYPES: dict[str, ValueType] = {
    **dict.fromkeys(("int", "integer", "n", "num", "number", "count"), "int"),
    **dict.fromkeys(("float", "double"), "float"),
}
PATH_WORDS = frozenset({"dir", "directory", "file", "filename", "filepath", "folder", "path"})
COMMANDS = frozenset({"command", "commands", "subcommand"})
OPTION_WORDS = frozenset({"option", "options", "flags", "opts", "args"})
MAX_ARGUMENTS = 200
DEEP = 4  # indentation of a continued usage line


class Line(msgspec.Struct):
    """One entry: its option as written, and its help."""

    written: str
    help: str


def read_help(text: str) -> Script:
    """Parse the output of `--help` to arguments and hints.

    Arguments are the options and the words of the usage line. Defaults in the text stay part of
    the help, as the program applies them itself: `[default: 3.10]` may be a version.
    """
    lines = CODES.sub("", text).expandtabs().splitlines()
    options = [option for line in _entries(lines) if (option := _option(line)) is not None]
    hints = []
    try:
        positional = _positional(lines)
        check_places(positional)
    except UnreadArguments as problem:
        positional = []
        hints.append(because("words-unread", problem=str(problem)))
    by_name: dict[str, Parameter] = {}
    for parameter in [*options, *positional][:MAX_ARGUMENTS]:
        name = parameter.name
        # options may be repeated, and words may have the name of an option
        if name in by_name and isinstance(parameter.reach, Positional):
            name = next(n for i in range(2, MAX_ARGUMENTS) if (n := f"{name}_{i}") not in by_name)
        by_name.setdefault(name, msgspec.structs.replace(parameter, name=name))
    script = arguments_of(list(by_name.values()), {})
    return Script(script.arguments, [*hints, *script.hints])


def _entries(lines: list[str]) -> Iterator[Line]:
    """Yield lines that begin with an option, with the deeper lines below them."""
    current, depth = None, 0
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("-") and indent:
            if current is not None:
                yield current
            written, _, help_text = GAP.sub("\0", line.strip(), count=1).partition("\0")
            current, depth = Line(written, help_text.strip()), indent
        elif current is not None and indent > depth:
            current.help = f"{current.help} {line.strip()}".strip()
        elif current is not None:
            yield current
            current = None
    if current is not None:
        yield current


def _option(line: Line) -> Parameter | None:
    parts = [FLAG.match(part) for part in re.split(r",\s+| / | \| ", line.written)]
    matches = [part for part in parts if part is not None]
    flags = [part["flag"] for part in matches]
    if not matches or ASKS & set(flags) or set(flags) <= LETTERS:
        return None
    positive = [flag.replace("[no-]", "") for flag in flags]
    flag = next((candidate for candidate in positive if candidate.startswith("--")), positive[0])
    contrary = f"--no-{flag[2:]}"
    negations = [flag.replace("[no-]", "no-") for flag in flags if "[no-]" in flag]
    negations += [contrary] if contrary in positive else []
    if not OPTION.match(flag):
        return None
    rest = next((part["rest"] for part in reversed(matches) if part["rest"]), "")
    tokens, about = rest.split(), line.help
    # several words name a value if they are in capitals or brackets, else they are its help
    if len(tokens) > 1 and any(re.match(r"[a-z]", word) for word in tokens):
        rest, about = "", f"{rest} {about}".strip()
    plain = Parameter(usual_name(flag.lstrip("-")), flag, Flag(flag), help=about)
    if rest:
        joined = any("=" in (part["by"] or "") for part in matches) and flag.startswith("--")
        choices = CHOICES.match(rest)
        is_list = not choices and ("..." in rest or tokens[1:] not in ([], ["RANGE"]))
        reach: Reach = Words(flag) if is_list else Option(flag, joined or None)
        return msgspec.structs.replace(
            plain,
            reach=reach,
            is_list=is_list,
            word_type=_word_type(re.findall(r"\w+", rest)),
            choices=tuple(re.split("[,|]", choices["words"])) if choices else (),
            required=bool(NEEDED.search(about)),
            default=msgspec.UNSET,
        )
    if any(part["many"] for part in matches):
        return msgspec.structs.replace(plain, word_type=WordType("int"), default=0)
    both = Flag(f"{flag}/{negations[0]}") if negations else plain.reach
    default = msgspec.UNSET if negations else False
    return msgspec.structs.replace(plain, word_type=WordType("bool"), default=default, reach=both)


def _word_type(tokens: list[str]) -> WordType:
    first = tokens[0].lower() if tokens else ""
    return WordType(WORD_TYPES.get(first, "string"), is_path=first in PATH_WORDS)


def _positional(lines: list[str]) -> list[Parameter]:
    """Return the words of the usage line that are not options."""
    parameters: list[Parameter] = []
    tokens = _usage(lines)[1:]
    for at, word in enumerate(tokens):
        name = "_".join(re.findall(r"\w+", word.replace("-", "_"))[:1])
        before = tokens[at - 1] if at else ""
        is_value = before.startswith("-") and "=" not in before
        if word.lstrip("[(<{").startswith("-") or is_value or not name:
            continue
        if name.lower() in OPTION_WORDS:
            continue
        if name.lower() in COMMANDS or word.startswith("{"):
            raise UnreadArguments("the program has subcommands")
        parameter = Parameter(
            usual_name(name.lower()),
            name,
            Positional(len(parameters)),
            word_type=_word_type([name]),
            is_list="..." in word,
            required=not word.startswith("["),
            default=msgspec.UNSET,
        )
        parameters.append(parameter)
    return parameters


def _usage(lines: list[str]) -> list[str]:
    """Return the words of the first usage, which may continue on deeper lines."""
    for at, line in enumerate(lines):
        match = USAGE.match(line.strip())
        if match:
            rest = line.strip()[match.end() :]
            below = lines[at + 1 :]
            if not rest and below:
                rest, below = below[0].strip(), below[1:]
            for deeper in below:
                more = deeper.strip()
                is_option = more.startswith("-") and GAP.search(more) is not None
                # GNU programs list other forms below: `  or:  sort [OPTION]...`.
                is_usage = more.startswith(("or:", "or "))
                if not deeper.startswith(" " * DEEP) or is_option or is_usage:
                    break
                rest += f" {more}"
            return GROUP.findall(rest)
    return []
