"""A program receives the words, variables and standard input that its description promises.

The promise is written here as docs/how-to/executables.md states it; a script prints what it
received. The preview of the command line shows the same words."""

import json
import os
import shlex
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Stdin, Variable, Words
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import TaskFile
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.runs.previews.command_lines import CommandDraft, CommandPreview, preview_command
from nbyard.errors import Invalid
from nbyard.kinds.command import CommandKind
from nbyard.kinds.protocol import Reading
from nbyard.reasons.structs import read_reason
from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.work.launch_process import CannotStart, Launch

ECHO = r"""#!/bin/sh
for word in "$@"; do printf '%s\0' "$word"; done
printf '%s' "${LEVEL-unset}" > level
cat > stdin
"""
HERE = EnvironmentRef()
TROUBLE = [
    *("", "-", "--", "-l", "--mode=x", "-1", "a b", " ", "\n", "a\nb\r\n", "\t", "é", "\U0001f600"),
    *("$(touch x)", "`id`", "'\"", "\\", "*", "~", "%s", "a,b", "a=b", ";|&", "{file}", "true"),
    *("{attempt}", "{attempt}/code/x", "a={attempt}/x", "x{attempt}/inputs/y", "{{attempt}/z"),
]
TEXTS = st.sampled_from(TROUBLE) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20
)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ITEMS = TEXTS | NUMBERS | FLOATS | st.booleans()
OBJECTS = st.dictionaries(TEXTS, ITEMS | st.lists(ITEMS, max_size=2), max_size=2)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "int": NUMBERS,
    "float": FLOATS,
    "bool": st.booleans(),
    "list": st.lists(ITEMS, max_size=3),
    "json": OBJECTS,
}
SCALARS = ["string", "int", "float", "bool", "json"]
ABSENT = object()


class Case(NamedTuple):
    """A described argument and its value; an absent value or null keeps the default."""

    argument: Argument
    value: Any

    @property
    def used(self) -> Any:
        default = self.argument.default
        return (
            (None if default is msgspec.UNSET else default) if self.value is ABSENT else self.value
        )


@st.composite
def cases(draw: st.DrawFn) -> list[Case]:
    count = draw(st.integers(1, 5))
    separated = draw(st.booleans())
    used: set[str] = set()
    found = []
    for index in range(count):
        kind = draw(st.sampled_from(["option", "words", "flag", "times", "word", "variable"]))
        if kind == "variable" and kind in used:
            kind = "word"
        used.add(kind)
        found.append(_case(draw, kind, index, separated))
    return found


def _case(draw: st.DrawFn, kind: str, index: int, separated: bool) -> Case:
    flag = draw(st.sampled_from(["-", "--opt-", "-opt"])) + "abcde"[index]
    joined = draw(st.sampled_from([None, True, False]))
    types = {"words": ["list"], "flag": ["bool"], "times": ["int"], "variable": SCALARS}
    reach: Any = {
        "option": Option(flag, joined),
        "words": Words(flag),
        "flag": Flag(draw(st.sampled_from([flag, f"{flag}/--no-{index}"]))),
        "times": Flag(flag),
        "word": Positional(index, separated),
        "variable": Variable("LEVEL"),
    }[kind]
    type_: Any = draw(st.sampled_from(types.get(kind, [*SCALARS, "list"])))
    values: st.SearchStrategy[Any] = st.integers(0, 3) if kind == "times" else VALUES[type_]
    if kind == "word":  # what is left out in the middle is a test of its own
        value = draw(values.filter(lambda one: one != []))
        return Case(Argument(f"a{index}", type=type_, reach=reach), value)
    default = draw(st.just(msgspec.UNSET) | values)
    value = draw(st.just(ABSENT) | st.none() | values)
    return Case(
        Argument(f"a{index}", type=type_, nullable=True, default=default, reach=reach), value
    )


def text(value: Any) -> str:
    """Return the word that spells a value."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not isinstance(value, bool) and value < 0:
        return format(Decimal(repr(value)), "f")
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def is_like_option(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("-") and value != "-"


def behind(flag: str, joined: bool | None, value: Any) -> list[str] | None:
    """Return the words of an option; None if no form fits."""
    word = text(value)
    if joined:
        return [f"{flag}={word}"]
    if joined is False or not is_like_option(value):
        return [flag, word]
    if flag.startswith("--"):
        return [f"{flag}={word}"]
    return [flag + word] if len(flag) == 2 else None


def words_of(case: Case) -> list[str] | None:
    """Return the words of one argument; None if the how-to page says that its value is refused."""
    reach, value = case.argument.reach, case.used
    if value is None or isinstance(reach, Variable):
        return []
    items = value if case.argument.type == "list" else [value]
    if isinstance(reach, Flag):
        on, _, off = reach.flag.partition("/")
        return [on] * int(value) or ([off] if off else [])
    if isinstance(reach, Option) or (isinstance(reach, Words) and len(items) == 1):
        joined = reach.joined if isinstance(reach, Option) else None
        every = [behind(reach.flag, joined, item) for item in items]
        return None if None in every else [word for each in every for word in each or []]
    if isinstance(reach, Words):
        return None if any(map(is_like_option, items)) else [reach.flag, *map(text, items)]
    assert isinstance(reach, Positional)
    refused = any(is_like_option(one) and (not reach.separated or one == "--") for one in items)
    return None if refused else [*map(text, items)]


def promised(found: list[Case]) -> list[str] | None:
    """Return the command line, or None if one of its values is refused."""
    told = [(case.argument.reach, words_of(case)) for case in found]
    if any(words is None for _, words in told):
        return None
    options, many, bare = (
        [word for reach, words in told for word in words or [] if isinstance(reach, kinds)]
        for kinds in ((Flag, Option), Words, Positional)
    )
    if not any(isinstance(reach, Positional) and reach.separated for reach, _ in told):
        return [*options, *bare, *many]
    is_needed = bare and (many or any(word.startswith("-") for word in bare))
    return [*options, *many, *(["--"] if is_needed else []), *bare]


def started(
    place: Path,
    arguments: list[Argument],
    values: dict[str, Any],
    command: Sequence[str] = ("sh", "{file}"),
) -> list[str]:
    """Run the script as an attempt does; return the words that it received."""
    (place / "code").mkdir(exist_ok=True)
    (place / "code" / "echo.sh").write_text(ECHO)
    reading = Reading("command", "sh", "", arguments, command=list(command))
    work = CommandKind().work("echo.sh", reading, values, HERE)
    task = msgspec.to_builtins(TaskFile("a", "t", "m", work, {}))
    launch = Launch(AttemptFolder(str(place)), task, "", is_watched=True, is_prepared=False)
    launch.start()
    with open(launch.output, "rb", closefd=False) as output:
        got = output.read()
    assert os.waitpid(launch.pid, 0)[1] == 0
    launch.close()
    return [word.decode() for word in got.split(b"\0")[:-1]]


def previewed(arguments: list[Argument], values: dict[str, Any]) -> CommandPreview:
    return preview_command(CommandDraft(arguments, ["sh", "{file}"], "a/echo.sh", values=values))


@given(cases())
@example([Case(Argument("a0", reach=Option("--mode", joined=False)), "-l")])
@example([Case(Argument("a0", reach=Option("--mode")), "{attempt}/x")])
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_program_receives_what_its_description_promises(tmp_path: Path, found: list[Case]) -> None:
    arguments = [case.argument for case in found]
    values = {case.argument.name: case.value for case in found if case.value is not ABSENT}
    shown = {case.argument.name: case.used for case in found}
    words = promised(found)
    if words is None:
        with pytest.raises(Invalid, match="begins with -"):
            started(tmp_path, arguments, values)
        with pytest.raises(Invalid, match="begins with -"):
            previewed(arguments, shown)
        return
    assert started(tmp_path, arguments, values) == words
    preview = previewed(arguments, shown)
    assert preview.words == ["sh", "echo.sh", *words]
    level = [case.used for case in found if isinstance(case.argument.reach, Variable)]
    variables = [text(value) for value in level if value is not None]
    assert (tmp_path / "code" / "level").read_bytes().decode() == (variables or ["unset"])[0]
    assignments = [f"LEVEL={variable}" for variable in variables]
    assert shlex.split(preview.line) == [*assignments, *preview.words]


FILLED: dict[str, Any] = {"string": "a b", "int": 7, "float": 0.5, "bool": True, "json": {"k": 1}}


@given(cases())
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_preview_has_placeholders_at_the_places_of_the_values(
    tmp_path: Path, found: list[Case]
) -> None:
    """Without values, each argument without a default has one."""
    arguments = [case.argument for case in found]
    values, words = {}, {}
    for argument in arguments:
        if argument.default not in (msgspec.UNSET, None):
            continue
        item = "w" if argument.type == "list" else FILLED[argument.type]
        value = [item, item] if argument.type == "list" else item
        if isinstance(argument.reach, Flag):
            value = True if argument.type == "bool" else 1
        values[argument.name] = value
        words[f"<{argument.name}>"] = text(item)
    try:
        expected = started(tmp_path, arguments, values)
    except Invalid:
        with pytest.raises(Invalid):
            previewed(arguments, {})
        return
    shown = previewed(arguments, {}).words[2:]
    for placeholder, filled in words.items():
        shown = [word.replace(placeholder, filled) for word in shown]
    assert shown == expected


@given(st.binary(max_size=200) | TEXTS.map(str.encode))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_standard_input_is_the_input_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "inputs").mkdir(exist_ok=True)
    (tmp_path / "inputs" / "data").write_bytes(content)
    argument = Argument("data", role="input", reach=Stdin())
    assert started(tmp_path, [argument], {"data": "{attempt}/inputs/data"}) == []
    assert (tmp_path / "code" / "stdin").read_bytes() == content


def test_files_are_passed_as_paths_of_the_attempt(tmp_path: Path) -> None:
    arguments = [
        Argument("data", role="input", reach=Option("--data", joined=True)),
        Argument("out", role="output", reach=Positional(0)),
        Argument("note", reach=Positional(1)),
    ]
    values = {
        "data": "{attempt}/inputs/a b/é.csv",
        "out": "{attempt}/outputs/out/x",
        "note": "{attempt}/outputs/out/x",
    }
    words = started(tmp_path, arguments, values)
    place = str(tmp_path)
    assert words[:2] == [f"--data={place}/inputs/a b/é.csv", f"{place}/outputs/out/x"]
    assert words[2] == "{attempt}/outputs/out/x"


@pytest.mark.parametrize(
    ("command", "values", "reason"),
    [
        (
            ["{file}.missing"],
            {},
            "echo.sh.missing cannot be started: the program or its interpreter",
        ),
        (["{file}"], {}, "echo.sh cannot be started: it is not executable"),
        (["no-such-program", "{file}"], {}, "no-such-program cannot be started"),
        (["sh", "{file}"], {"data": "{attempt}/inputs/gone"}, "/inputs/gone: No such file"),
    ],
)
def test_start_errors_contain_no_placeholders(
    tmp_path: Path, command: list[str], values: dict[str, Any], reason: str
) -> None:
    argument = Argument("data", role="input", reach=Stdin())
    with pytest.raises(CannotStart) as refused:
        started(tmp_path, [argument], values, command)
    told = str(read_reason(refused.value.reason))
    assert reason in told
    assert "{" not in told
