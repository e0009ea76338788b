"""From what a script declares to an argument."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.arguments.bindings import Option, Positional
from nbyard.domain.arguments.structs import Role
from nbyard.domain.inspection.cli_parameters import (
    Parameter,
    UnreadArguments,
    WordType,
    check_places,
    to_argument,
    usual_name,
)
from nbyard.domain.inspection.constant_expressions import FilePath

UNSET = msgspec.UNSET


def parameter(name: str = "x", **more: Any) -> Parameter:
    return Parameter(name, f"--{name}", Option(f"--{name}"), **more)


@pytest.mark.parametrize(
    ("name", "usual"), [("top-n", "top_n"), ("lambda", "lambda_"), ("2d", "_2d"), ("é.b", "é_b")]
)
def test_names(name: str, usual: str) -> None:
    assert usual_name(name) == usual


@pytest.mark.parametrize(
    ("word_type", "default", "shown"),
    [
        (WordType("int"), 4, 4),
        (WordType("int"), "4", 4),
        (WordType("int"), "four", UNSET),
        (WordType("int"), True, UNSET),
        (WordType("int"), 2**70, UNSET),
        (WordType("float"), 1, 1.0),
        (WordType("float"), "0.5", 0.5),
        (WordType("float"), "nan", UNSET),
        (WordType(), 4, UNSET),
        (WordType(), "a", "a"),
        (WordType(), FilePath("a"), UNSET),
        (WordType(is_path=True), FilePath("a.csv"), "a.csv"),
        (WordType(is_path=True, role="output"), "-", UNSET),
        (WordType("bool"), True, True),
        (WordType("bool"), 1, UNSET),
        (WordType("int"), None, None),
    ],
)
def test_a_default_is_shown_if_text_can_express_it(
    word_type: WordType, default: Any, shown: Any
) -> None:
    argument, hints = to_argument(parameter(word_type=word_type, default=default), {})
    assert argument.default == shown and type(argument.default) is type(shown)
    assert bool(hints) == (shown is UNSET and default != "-")


@pytest.mark.parametrize(
    ("default", "shown"), [([1], [1]), ([], []), (["a"], UNSET), ("12", UNSET), ([1, None], UNSET)]
)
def test_a_list_has_the_type_of_its_items(default: Any, shown: Any) -> None:
    given = parameter(word_type=WordType("int"), is_list=True, choices=(1, 2), default=default)
    argument, _ = to_argument(given, {})
    assert (argument.type, argument.default, argument.choices) == ("list", shown, ())


def test_a_default_beyond_the_choices_is_left_to_the_script() -> None:
    argument, hints = to_argument(parameter(choices=("a", "b"), default="auto"), {})
    assert (argument.type, argument.default) == ("choice", UNSET) and "--x" in str(hints[0])


@pytest.mark.parametrize(
    ("name", "more", "opened", "role"),
    [
        ("raw", {}, "input", "input"),
        ("features", {}, "input", "input"),
        ("raw", {"help": "output: csv"}, "input", "output"),
        ("raw", {"word_type": WordType(role="output")}, "input", "output"),
        ("raw", {"word_type": WordType("int")}, "input", "value"),
        ("raw", {"is_list": True}, "input", "value"),
        ("raw_url", {}, "input", "value"),
        ("raw", {"default": "https://a/b.csv"}, "input", "value"),
        ("out", {"is_exclusive": True}, "output", "value"),
    ],
)
def test_roles(name: str, more: dict[str, Any], opened: Role, role: str) -> None:
    """A description comes first, then the type, then what the script does."""
    argument, _ = to_argument(parameter(name, **more), {name: opened})
    assert argument.role == role


def test_a_help_text_that_begins_with_type_is_kept() -> None:
    argument, _ = to_argument(parameter(help="type: of the plot"), {})
    assert (argument.help, argument.type) == ("type: of the plot", "string")


def test_an_output_is_always_given() -> None:
    argument, _ = to_argument(parameter("out", required=True), {})
    assert (argument.role, argument.required) == ("output", False)


def test_places() -> None:
    many = Parameter("many", "many", Positional(0), is_list=True)
    one = Parameter("one", "one", Positional(1), required=True)
    check_places([many, one])
    with pytest.raises(UnreadArguments, match="be distinguished"):
        check_places([many, msgspec.structs.replace(one, required=False)])
