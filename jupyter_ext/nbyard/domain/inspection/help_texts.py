"""The output of `--help`, parsed to a first list of arguments. Users correct it."""

import re
from collections.abc import Iterator

import msgspec

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Reach, Words
from nbyard.domain.arguments.structs import ValueType
from nbyard.domain.commands.command_line import OPTION
from nbyard.domain.inspection.cli_parameters import (
    Parameter,
    Taken,
    Unread,
    check_places,
    usual_name,
)
from nbyard.domain.inspection.scripts import Script, arguments_of

FLAG = re.compile(
    r"(?P<flag>-{1,2}(\[no-\])?\w[\w.-]*?)(?P<many>\.\.\.)?((?P<by>\[?=| )(?P<rest>.+))?\Z"
)
# colours, and overstrikes as in man pages
CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|.\x08")
GAP = re.compile(r"\s{2,}|\t")
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
    """Return the options and the words of the usage line.

    Defaults in the text stay with the program. Without options or a usage line, there are no
    arguments.
    """
    lines = CODES.sub("", text).expandtabs().splitlines()
    options = [one for line in _entries(lines) if (one := _option(line)) is not None]
    hints = []
    try:
        positional = _positional(lines)
        check_places(positional)
    except Unread as problem:
        positional = []
        hints.append(f"The words behind the options are not read: {problem}.")
    script = arguments_of(_distinct([*options, *positional][:MAX_ARGUMENTS]), {})
    return Script(script.arguments, [*hints, *script.hints])


def _distinct(parameters: list[Parameter]) -> list[Parameter]:
    """Drop repeated options, and rename words that have the name of an option."""
    found: dict[str, Parameter] = {}
    for one in parameters:
        name = one.name
        if name in found and isinstance(one.reach, Positional):
            name = next(n for i in range(2, MAX_ARGUMENTS) if (n := f"{name}_{i}") not in found)
        found.setdefault(name, msgspec.structs.replace(one, name=name))
    return list(found.values())


def _entries(lines: list[str]) -> Iterator[Line]:
    """Yield lines that begin with an option, with the deeper lines below them."""
    current, depth = None, 0
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("-") and indent:
            if current is not None:
                yield current
            written, _, words = GAP.sub("\0", line.strip(), count=1).partition("\0")
            current, depth = Line(written, words.strip()), indent
        elif current is not None and indent > depth:
            current.help = f"{current.help} {line.strip()}".strip()
        elif current is not None:
            yield current
            current = None
    if current is not None:
        yield current


def _option(line: Line) -> Parameter | None:
    parts = [FLAG.match(part) for part in re.split(r",\s+| / | \| ", line.written)]
    found = [part for part in parts if part is not None]
    flags = [part["flag"] for part in found]
    if not found or ASKS & set(flags) or set(flags) <= LETTERS:
        return None
    flag, off = _best(flags)
    if not OPTION.match(flag):
        return None
    rest = next((part["rest"] for part in reversed(found) if part["rest"]), "")
    if rest and not _is_word(rest):  # a sentence after a single blank
        line, rest = Line(line.written, f"{rest} {line.help}".strip()), ""
    plain = Parameter(usual_name(flag.lstrip("-")), flag, Flag(flag), help=line.help)
    if rest:
        joined = any("=" in (part["by"] or "") for part in found) and flag.startswith("--")
        return _valued(plain, rest, joined)
    if any(part["many"] for part in found):
        return msgspec.structs.replace(plain, taken=Taken("int"), default=0)
    reach = Flag(f"{flag}/{off}") if off else plain.reach
    default = msgspec.UNSET if off else False
    return msgspec.structs.replace(plain, taken=Taken("bool"), default=default, reach=reach)


def _best(flags: list[str]) -> tuple[str, str]:
    """Return the long option, and its negation."""
    plain = [flag.replace("[no-]", "") for flag in flags]
    contrary = next((f.replace("[no-]", "no-") for f in flags if "[no-]" in f), "")
    long = [flag for flag in plain if flag.startswith("--")] or plain
    off = f"--no-{long[0][2:]}"
    return long[0], contrary or (off if off in plain else "")


def _is_word(rest: str) -> bool:
    """Return whether a text names a value: one word, or several in capitals or brackets."""
    words = rest.split()
    return len(words) == 1 or all(not re.match(r"[a-z]", word) for word in words)


def _valued(plain: Parameter, rest: str, joined: bool) -> Parameter:
    choices = CHOICES.match(rest)
    words = re.findall(r"\w+", rest)
    is_list = not choices and ("..." in rest or rest.split()[1:] not in ([], ["RANGE"]))
    reach: Reach = Words(plain.shown) if is_list else Option(plain.shown, joined or None)
    return msgspec.structs.replace(
        plain,
        reach=reach,
        is_list=is_list,
        taken=_taken(words),
        choices=tuple(re.split("[,|]", choices["words"])) if choices else (),
        required=bool(NEEDED.search(plain.help)),
        default=msgspec.UNSET,
    )


def _taken(words: list[str]) -> Taken:
    first = words[0].lower() if words else ""
    return Taken(WORD_TYPES.get(first, "string"), is_path=first in PATH_WORDS)


def _positional(lines: list[str]) -> list[Parameter]:
    """Return the words of the usage line that are not options.

    Raises:
        Unread: the program has subcommands.
    """
    found: list[Parameter] = []
    words = _usage(lines)[1:]
    for at, word in enumerate(words):
        name = "_".join(re.findall(r"\w+", word.replace("-", "_"))[:1])
        before = words[at - 1] if at else ""
        is_value = before.startswith("-") and "=" not in before
        if word.lstrip("[(<{").startswith("-") or is_value or not name:
            continue
        if name.lower() in OPTION_WORDS:
            continue
        if name.lower() in COMMANDS or word.startswith("{"):
            raise Unread("the program has subcommands")
        found.append(_word(word, name, len(found)))
    return found


def _word(word: str, name: str, position: int) -> Parameter:
    return Parameter(
        usual_name(name.lower()),
        name,
        Positional(position),
        taken=_taken([name]),
        is_list="..." in word,
        required=not word.startswith("["),
        default=msgspec.UNSET,
    )


def _usage(lines: list[str]) -> list[str]:
    """Return the words of the first usage, which may continue on deeper lines."""
    for at, line in enumerate(lines):
        found = USAGE.match(line.strip())
        if found:
            rest = line.strip()[found.end() :]
            below = lines[at + 1 :]
            if not rest and below:
                rest, below = below[0].strip(), below[1:]
            for more in below:
                if not more.startswith(" " * DEEP) or _is_entry(more):
                    break
                rest += f" {more.strip()}"
            return GROUP.findall(rest)
    return []


def _is_entry(line: str) -> bool:
    """Return whether a line is an option with its help, or another usage."""
    line = line.strip()
    return line.startswith("or") or (line.startswith("-") and GAP.search(line) is not None)
