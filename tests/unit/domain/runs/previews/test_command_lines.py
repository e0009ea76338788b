"""The command line that a description promises."""

import re
import shlex
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import (
    Bound,
    Companion,
    Flag,
    Handed,
    Option,
    Positional,
    Stderr,
    Stdin,
    Stdout,
    Variable,
    Words,
)
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import IMAGE_PROGRAM
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.runs.previews.command_lines import CommandDraft, CommandExample, preview_command
from nbyard.errors import Invalid

PYTHON = ["python3", "{file}"]


def line(*arguments: Argument, command: list[str] = PYTHON, **values: Any) -> str:
    return preview_command(CommandDraft(list(arguments), command, "a/train.py", values=values)).line


def test_the_line_shows_defaults_and_file_names() -> None:
    arguments = [
        Argument("rate", type="float", default=0.01, reach=Option("--rate")),
        Argument("data", role="input", default="iris.csv", reach=Option("--data")),
        Argument("model", role="output", default="out/model.pkl", reach=Positional(0)),
        Argument("report", role="output", format="csv", reach=Option("--report", joined=True)),
    ]
    assert line(*arguments) == (
        "python3 train.py --rate 0.01 --data iris.csv --report=report.csv model.pkl"
    )


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (Argument("rate", type="float", reach=Option("--rate")), "--rate <rate>"),
        (Argument("rate", type="int", reach=Option("--rate", joined=True)), "--rate=<rate>"),
        (Argument("n", nullable=True, default=None, reach=Option("-n")), "-n <n>"),
        (Argument("how", type="choice", choices=("a", "b"), reach=Option("--how")), "--how <how>"),
        (Argument("x", type="json", reach=Positional(0)), "<x>"),
        (Argument("x", type="list", items="int", reach=Option("-x")), "-x <x> -x <x>"),
        (Argument("x", type="list", reach=Words("-x")), "-x <x> <x>"),
        (Argument("data", role="input", required=True, reach=Option("--data")), "--data <data>"),
        (Argument("data", role="input", default="", reach=Option("--data")), "--data <data>"),
        (Argument("key", type="secret", default="mine", reach=Option("--key")), "--key <key>"),
        (Argument("key", type="secret", reach=Stdin()), "< <key>"),
        (Argument("v", type="bool", reach=Flag("-v/--no-v")), "-v"),
        (Argument("v", type="int", reach=Flag("-v")), "-v"),
        (Argument("v", type="bool", default=False, reach=Flag("-v/--no-v")), "--no-v"),
        (Argument("own", role="input", reach=Handed()), ""),
    ],
)
def test_unknown_values_are_placeholders(argument: Argument, words: str) -> None:
    assert line(argument) == f"python3 train.py {words}".strip()


def test_variables_and_streams_use_shell_syntax() -> None:
    arguments = [
        Argument("level", default="very high", reach=Variable("LEVEL")),
        Argument("token", type="secret", reach=Variable("TOKEN")),
        Argument("data", role="input", default="in/a b.csv", reach=Stdin()),
        Argument("out", role="output", format="csv", reach=Stdout()),
        Argument("said", role="output", reach=Stderr()),
    ]
    assert line(*arguments, command=["sort"]) == (
        "LEVEL='very high' TOKEN=<token> sort < 'a b.csv' > out.csv 2> said"
    )


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_only_a_placeholder_is_without_quotes(text: str) -> None:
    """What a value itself writes is never taken for a placeholder or a place."""
    kept = Argument("kept", default=text, reach=Option("--kept", joined=True))
    for default in (text, "<open>", "{attempt}/code/x", "\ue000", "\\ue000"):
        told = msgspec.structs.replace(kept, default=default)
        shown = line(told, Argument("open", reach=Option("-o")))
        assert shown.endswith(" -o <open>")
        words = ["python3", "train.py", f"--kept={default}"]
        assert shlex.split(shown.removesuffix(" -o <open>")) == words


def test_a_draft_may_have_every_character() -> None:
    """And is previewed at once: anybody may ask, with megabytes."""
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    draft = CommandDraft([Argument("open", reach=Option("-o"))], ["x"], every)
    assert preview_command(draft).line == "x -o <open>"


def test_values_are_used_instead_of_defaults() -> None:
    mode = Argument("mode", default="a", nullable=True, reach=Option("--mode"))
    data = Argument("data", role="input", default="iris.csv", reach=Positional(0))
    assert line(mode, data, mode="-l", data="x/y.csv") == "python3 train.py --mode=-l y.csv"
    assert line(mode, data, mode=None) == "python3 train.py iris.csv"
    with pytest.raises(Invalid, match="typo: unknown argument"):
        line(mode, typo=1)


def test_programs_without_a_known_file() -> None:
    image = preview_command(CommandDraft([], [IMAGE_PROGRAM, "serve"]))
    assert (image.line, image.words) == ("<image> serve", ["<image>", "serve"])
    assert preview_command(CommandDraft([], PYTHON)).line == "python3 <file>"


def test_a_command_of_cwl_shows_its_fixed_and_bound_words() -> None:
    invocation = Invocation((Bound(1, text="sort"),), {"LC_ALL": "C"}, apart=True, stdout="o.txt")
    arguments = [
        Argument("by", type="list", reach=Bound(2, "-k", joined=True, separator=",")),
        Argument("reads", "input", "list", reach=Bound(3), companions=(Companion(".bai"),)),
        Argument("one", role="input", default="a/one.txt", reach=Bound(4)),
        Argument("loud", type="bool", reach=Bound(5, "--loud")),
    ]
    draft = CommandDraft(arguments, ["tool"], invocation=invocation)
    shown = "LC_ALL=C tool sort -k<by>,<by> <reads> one.txt --loud > o.txt"
    assert preview_command(draft).line == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$(inputs.one.size)", "<one.size>"),
        ("$(inputs.one.nameroot).bai", "<one>.bai"),
        ("-n=$(inputs.one.contents)", "-n=<one.contents>"),
        ("$(inputs.reads[0].size)", "<reads.size>"),
        ("$(inputs.reads[0].secondaryFiles[0].basename)", "<reads>.bai"),
    ],
)
def test_facts_of_a_run_are_placeholders(text: str, shown: str) -> None:
    arguments = [
        Argument("one", role="input", reach=Handed()),
        Argument("reads", "input", "list", reach=Handed(), companions=(Companion(".bai"),)),
    ]
    draft = CommandDraft(arguments, ["tool"], invocation=Invocation((Bound(0, text=text),)))
    assert preview_command(draft).words == ["tool", shown]


def examples(argument: Argument) -> list[CommandExample]:
    return preview_command(CommandDraft([argument], PYTHON)).examples


@pytest.mark.parametrize(
    ("reach", "type_", "lines"),
    [
        (Option("--x"), "string", {'""': "--x ''", '"-x"': "--x=-x"}),
        (Option("--x", joined=False), "string", {'""': "--x ''", '"-x"': "--x -x"}),
        (Variable("X"), "string", {'""': "X=''", '"-x"': "X=-x"}),
        (Positional(3, separated=True), "string", {'""': "''", '"-x"': "-- -x"}),
        (Option("-x"), "bool", {"true": "-x true", "false": "-x false"}),
        (Flag("-x"), "bool", {"true": "-x", "false": ""}),
        (Flag("-x"), "int", {"2": "-x -x", "0": ""}),
        (Option("-x"), "list", {"[]": "", '["-x"]': "-x-x"}),
        (Option("--x"), "float", {}),
        (Option("--x"), "secret", {}),
        (Handed(), "string", {}),
    ],
)
def test_special_values_show_their_arguments(reach: Any, type_: Any, lines: dict[str, str]) -> None:
    shown = examples(Argument("x", type=type_, required=True, reach=reach))
    assert {msgspec.json.encode(one.value).decode(): one.line for one in shown} == lines
    assert not any(one.problem for one in shown)
    assert examples(Argument("x", role="input", reach=Option("--x"))) == []


@pytest.mark.parametrize(
    ("argument", "is_told"),
    [
        (Argument("x", type="int", reach=Option("--x")), True),
        (Argument("x", type="int", default=None, reach=Option("--x")), True),
        (Argument("x", type="int", nullable=True, default=1, reach=Option("--x")), True),
        (Argument("x", type="int", default=1, reach=Option("--x")), False),
        (Argument("x", type="int", required=True, reach=Option("--x")), False),
    ],
)
def test_an_argument_without_a_value_adds_nothing(argument: Argument, is_told: bool) -> None:
    assert examples(argument) == ([CommandExample("x", None, "")] if is_told else [])


def test_unsupported_special_values_are_reported() -> None:
    _, dashed = examples(Argument("x", required=True, reach=Positional(0)))
    assert dashed.line == ""
    assert re.search("begins with -", str(dashed.problem))


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (Argument("x"), "how the program receives it"),
        (Argument("", reach=Option("--x")), "not a valid argument name"),
        (Argument("x", type="int", default="a", reach=Option("--x")), "whole number"),
        (Argument("x", default="-x", reach=Positional(0)), "begins with -"),
    ],
)
def test_values_that_a_run_refuses_are_refused(argument: Argument, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        line(argument)
