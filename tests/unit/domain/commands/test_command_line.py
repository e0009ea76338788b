"""Arguments to argument vectors."""

import json
import subprocess
import sys

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import (
    Flag,
    Option,
    Positional,
    Reach,
    Stdin,
    Stdout,
    Variable,
    Words,
)
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.commands.command_line import (
    build_argv,
    check_command,
    check_reaches,
    expand_file,
    secret_variables,
)
from nbyard.domain.commands.invocations import Invocation
from nbyard.errors import Invalid
from nbyard.runner.attempt_folder import expand_attempt_path

PROGRAM = ["prog"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


def argv(argument: Argument, value: object) -> list[str]:
    return build_argv(PROGRAM, [argument], {argument.name: value}).argv[1:]


def seen(words: list[str]) -> list[str]:
    """Return the words as the program sees them: `{attempt` of users has one more brace before."""
    return [expand_attempt_path(word, "/attempt") for word in words]


def test_each_way_of_passing_a_value() -> None:
    arguments = [
        Argument("second", role="output", reach=Positional(1)),
        Argument("first", role="input", reach=Positional(0)),
        Argument("rate", type="float", reach=Option("--rate")),
        Argument("mode", reach=Option("--mode", joined=True)),
        Argument("n", type="int", reach=Option("-n")),
        Argument("verbose", type="bool", reach=Flag("-v")),
        Argument("quiet", type="bool", reach=Flag("-q")),
        Argument("level", reach=Variable("LEVEL")),
        Argument("into", role="input", reach=Stdin()),
        Argument("out", role="output", reach=Stdout()),
    ]
    line = build_argv(
        ["python3", "x.py"],
        arguments,
        {
            "second": "{attempt}/outputs/b",
            "first": "{attempt}/inputs/a",
            "rate": 0.1,
            "mode": "a=b=c",
            "n": -3,
            "verbose": True,
            "quiet": False,
            "level": "high",
            "into": "{attempt}/inputs/into/x",
            "out": "{attempt}/outputs/out/y",
        },
    )
    assert line.argv == [
        *["python3", "x.py", "--rate", "0.1", "--mode=a=b=c", "-n", "-3", "-v"],
        *["{attempt}/inputs/a", "{attempt}/outputs/b"],
    ]
    assert line.environment == {"LEVEL": "high"}
    assert (line.stdin, line.stdout) == ("inputs/into/x", "outputs/out/y")


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("bool", True, ["--x", "true"]),
        ("bool", False, ["--x", "false"]),
        ("float", 1.0, ["--x", "1.0"]),
        ("int", -1, ["--x", "-1"]),
        ("list", ["a", 1], ["--x", "a", "--x", "1"]),
        ("list", [], []),
        ("json", {"a": [1]}, ["--x", '{"a": [1]}']),
        ("string", "", ["--x", ""]),
        ("string", "-", ["--x", "-"]),
        ("string", "--output=/etc/passwd", ["--x=--output=/etc/passwd"]),
    ],
)
def test_values_become_arguments(type_: str, value: object, words: list[str]) -> None:
    assert argv(Argument("x", type=type_, reach=Option("--x")), value) == words  # type: ignore[arg-type]


@given(TEXTS)
@example("{attempt}/inputs/a")
@example("{{attempt")
def test_a_separate_value_stays_separate(text: str) -> None:
    for flag in ("--x", "-x", "-name"):
        words = argv(Argument("x", reach=Option(flag, joined=False)), text)
        assert seen(words) == [flag, text]


@pytest.mark.parametrize(
    ("first", "second", "flag"),
    [
        (Option("--x"), Option("--x"), "--x"),
        (Flag("--x/--no-x"), Option("--no-x"), "--no-x"),
        (Words("-x"), Flag("-x"), "-x"),
    ],
)
def test_a_flag_belongs_to_one_argument(first: Reach, second: Reach, flag: str) -> None:
    arguments = [Argument("a", reach=first), Argument("b", reach=second)]
    with pytest.raises(Invalid, match=f"{flag} is the flag") as refused:
        check_command(["run"], arguments)
    assert [detail.path for detail in refused.value.details] == ["arguments.1.reach"]
    check_command(["run"], [Argument("a", reach=first), Argument("b", reach=Option("--y"))])


def test_a_text_never_becomes_an_option() -> None:
    assert argv(Argument("x", reach=Option("-n")), "-rf") == ["-n-rf"]
    for reach in (Positional(0), Option("-name")):
        with pytest.raises(Invalid) as refused:
            argv(Argument("x", reach=reach), "-rf")
        assert refused.value.details[0].path == "arguments.x"
    assert argv(Argument("x", type="int", reach=Positional(0)), -1) == ["-1"]


@pytest.mark.parametrize(
    ("type_", "flag", "value", "words"),
    [
        ("bool", "--x/--no-x", True, ["--x"]),
        ("bool", "--x/--no-x", False, ["--no-x"]),
        ("bool", "--x", False, []),
        ("int", "-v", 3, ["-v", "-v", "-v"]),
        ("int", "-v", 0, []),
    ],
)
def test_flags(type_: str, flag: str, value: object, words: list[str]) -> None:
    assert argv(Argument("x", type=type_, reach=Flag(flag)), value) == words  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-1, 101, 2**40])
def test_a_flag_is_repeated_within_bounds(value: int) -> None:
    with pytest.raises(Invalid, match="from 0 to 100"):
        argv(Argument("x", type="int", reach=Flag("-v")), value)


def test_several_words_behind_one_option() -> None:
    argument = Argument("x", type="list", reach=Words("--x"))
    assert argv(argument, ["a", -1]) == ["--x", "a", "-1"]
    assert argv(argument, ["-a"]) == ["--x=-a"]
    with pytest.raises(Invalid, match="begins with -"):
        argv(argument, ["a", "-b"])
    with pytest.raises(Invalid, match="type list"):
        check_arguments([Argument("x", reach=Words("--x"))])
    with pytest.raises(Invalid, match="type bool"):
        check_arguments([Argument("x", reach=Flag("--x"))])


def test_greedy_options_are_last_or_before_dashes() -> None:
    values = {"many": ["a", "b"], "n": 1, "file": "f"}
    for separated, words in (
        (False, ["-n", "1", "f", "--x", "a", "b"]),
        (True, ["-n", "1", "--x", "a", "b", "--", "f"]),
    ):
        arguments = [
            Argument("many", type="list", reach=Words("--x")),
            Argument("file", required=True, reach=Positional(0, separated)),
            Argument("n", type="int", reach=Option("-n")),
        ]
        assert build_argv(PROGRAM, arguments, values).argv[1:] == words


def test_after_dashes_no_argument_is_an_option() -> None:
    argument = Argument("x", type="list", reach=Positional(0, separated=True))
    assert argv(argument, ["-rf", -1]) == ["--", "-rf", "-1"]
    assert argv(argument, ["a"]) == ["a"]
    with pytest.raises(Invalid, match="begins with -"):
        argv(argument, ["--"])


def test_no_argument_replaces_an_omitted_one() -> None:
    first = Argument("first", reach=Positional(0, separated=True))
    second = Argument("second", reach=Positional(1, separated=True))
    with pytest.raises(Invalid, match="second would take") as refused:
        build_argv(PROGRAM, [first, second], {"second": "b"})
    assert refused.value.details[0].path == "arguments.first"
    needed = msgspec.structs.replace(second, required=True)
    assert build_argv(PROGRAM, [first, needed], {"second": "b"}).argv == ["prog", "b"]


def test_small_negative_numbers_are_written_out() -> None:
    """argparse takes -1e-05 for an option."""
    argument = Argument("x", type="float", reach=Option("--x"))
    assert argv(argument, -1e-05) == ["--x", "-0.00001"]
    assert argv(argument, 1e-05) == ["--x", "1e-05"]


@given(st.floats(max_value=0, allow_nan=False, allow_infinity=False))
def test_numbers_stay_the_same(number: float) -> None:
    assert float(argv(Argument("x", type="float", reach=Option("--x")), number)[1]) == number


@given(TEXTS)
@example("{attempt}/inputs/a")
def test_the_program_sees_every_text_as_it_is(text: str) -> None:
    """No shell is involved: quotes, `$(…)` and pipes are plain characters."""
    words = argv(Argument("x", reach=Option("--x", joined=True)), text)
    assert seen(words) == ["--x=" + text]


def test_a_real_program_sees_the_bytes() -> None:
    values = ["$(touch /tmp/nby_canary)", "`id`", "| tee x", "a b\n'\"", "--y", "\U0001f600"]
    argument = Argument("x", type="list", reach=Option("--x"))
    program = [sys.executable, "-c", "import sys, json; print(json.dumps(sys.argv[1:]))"]
    line = build_argv(program, [argument], {"x": values})
    shown = subprocess.run(line.argv, capture_output=True, check=True)
    expected = [word for v in values for word in ([f"--x={v}"] if v[0] == "-" else ["--x", v])]
    assert json.loads(shown.stdout) == expected


def test_defaults_and_missing_values() -> None:
    arguments = [
        Argument("a", type="int", default=7, reach=Option("-a")),
        Argument("b", reach=Option("-b")),
        Argument("c", nullable=True, default="x", reach=Option("-c")),
    ]
    assert build_argv(PROGRAM, arguments, {"c": None}).argv == ["prog", "-a", "7"]
    with pytest.raises(Invalid, match="a value is needed"):
        build_argv(PROGRAM, [Argument("a", required=True, reach=Option("-a"))], {})
    with pytest.raises(Invalid, match="other: unknown argument"):
        build_argv(PROGRAM, arguments, {"other": 1})


@pytest.mark.parametrize(
    ("value", "words"), [("x" * 131072, "longer than"), ("é" * 70000, "longer than"), ("\0", "NUL")]
)
def test_impossible_arguments_are_refused(value: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        argv(Argument("x", reach=Option("--x")), value)
    assert refused.value.details[0].path == "arguments.x"


def test_the_length_of_a_line_is_limited() -> None:
    with pytest.raises(Invalid, match="longer than"):
        argv(Argument("x", type="list", reach=Option("-x")), ["y" * 1000] * 1001)


@pytest.mark.parametrize("value", ["/etc/passwd", "{attempt}/../x", "inputs/x", "{attempt}//x"])
def test_streams_stay_in_the_attempt(value: str) -> None:
    with pytest.raises(Invalid, match="file of the attempt"):
        argv(Argument("x", role="input", reach=Stdin()), value)


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "path",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "NBYARD_TOKEN",
        "A-B",
        "1A",
        "",
    ],
)
def test_protected_variables_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_command(PROGRAM, [Argument("x", reach=Variable(name))])
    assert refused.value.details[0].path == "arguments.0.reach"


@pytest.mark.parametrize("flag", ["x", "-", "--", "---x", "--a b", "--a=b", "-a\n", ""])
def test_invalid_options_are_refused(flag: str) -> None:
    for reach in (Option(flag), Words(flag), Flag(flag), Flag(f"--a/{flag}")):
        with pytest.raises(Invalid):
            check_command(PROGRAM, [Argument("x", reach=reach)])


def test_impossible_commands_are_refused() -> None:
    for prefix in ([], [""], ["a\0"]):
        with pytest.raises(Invalid, match="command"):
            check_command(prefix, [])
    with pytest.raises(Invalid, match="program receives it"):
        check_command(PROGRAM, [Argument("x")])
    twice = [Argument("x", reach=Positional(0)), Argument("y", reach=Positional(0))]
    with pytest.raises(Invalid, match="position"):
        check_command(PROGRAM, twice)


def test_the_file_in_the_prefix() -> None:
    assert expand_file(["python3", "{file}"], "a/b.py") == ["python3", "{attempt}/code/a/b.py"]


def test_omitted_values_of_a_draft_are_no_error() -> None:
    """What is said has to be right."""
    unsaid, wrong = Argument("x"), Argument("y", reach=Variable("LD_PRELOAD"))
    check_reaches([unsaid, Argument("z", reach=Option("--z"))], Invocation())
    with pytest.raises(Invalid, match="LD_PRELOAD may not") as refused:
        check_reaches([unsaid, wrong], Invocation())
    assert [one.path for one in refused.value.details] == ["arguments.1.reach"]


def test_a_secret_variable_is_shown_as_placeholder():
    """No plan contains the value."""
    token = Argument("token", type="secret", reach=Variable("TOKEN"))
    plain = Argument("word", reach=Variable("WORD"))
    values = {"token": "{attempt}/secrets/token", "word": "x"}
    line = build_argv(["tool"], [token, plain], values)
    assert secret_variables([token, plain], line.environment) == {"TOKEN": "secrets/token"}
    assert secret_variables([token], {}) == {}
