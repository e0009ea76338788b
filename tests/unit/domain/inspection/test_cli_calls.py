"""What the readers of argparse and click scripts share."""

import ast
from collections.abc import Callable

import msgspec
import pytest

from nbyard.domain.arguments.bindings import Option, Positional
from nbyard.domain.inspection.cli_calls import (
    Collected,
    best_option,
    check_count,
    has_type,
    is_path_type,
    opened_file,
    with_choices,
    with_default,
)
from nbyard.domain.inspection.cli_parameters import Parameter, WordType
from nbyard.domain.inspection.python_calls import CallArguments, PythonModule, UnknownValue
from nbyard.reasons.structs import because

PLAIN = Parameter("n", "--n", Option("--n"), word_type=WordType("int"))


def call_in(text: str) -> tuple[PythonModule, ast.Call]:
    source = PythonModule(ast.parse(text))
    return source, next(source.calls())


def written(text: str) -> CallArguments:
    return CallArguments(*call_in(text))


def at(position: int) -> Parameter:
    return Parameter("p", "p", Positional(position))


def test_parameters_and_hints_are_collected_in_order() -> None:
    """A reader gets the number of positional parameters so far; it may add none."""

    def unknown(position: int) -> Parameter | None:
        raise UnknownValue(because("text", text="it is odd"))

    _, call = call_in("\nadd('x')")
    readers: list[Callable[[int], Parameter | None]] = [at, unknown, lambda _: None, at]
    found = Collected()
    named = [None, call.args[0], None, None]
    results = [found.add(call, *one) for one in zip(named, readers, strict=True)]
    assert results == [True, False, True, True]
    assert found.parameters == [at(0), at(1)]
    (hint,) = found.hints
    assert (hint.code, hint.params["line"]) == ("argument-unread", 2) and "x" in str(hint)
    found.add(call, None, unknown)
    assert (found.hints[1].code, found.hints[1].params["line"]) == ("unnamed-argument-unread", 2)


@pytest.mark.parametrize(
    ("words", "best"),
    [(["-n", "--num", "--number"], "--num"), (["-n", "-m"], "-n"), (["n", "--"], ""), ([], "")],
)
def test_a_long_option_is_preferred(words: list[str], best: str) -> None:
    assert best_option(words) == best


def test_a_count_starts_at_zero() -> None:
    check_count(written("add(default=0)"))
    with pytest.raises(UnknownValue, match="counts up"):
        check_count(written("add(default=2)"))


def test_choices_have_the_type_of_the_values() -> None:
    assert with_choices(PLAIN, written("add()")) == PLAIN
    assert with_choices(PLAIN, written("add(choices=[1, 2])")).choices == (1, 2)
    assert with_choices(PLAIN, written("add(choices=['a'])")).choices == ()
    assert "are computed" in str(with_choices(PLAIN, written("add(choices=f())")).note)


def test_a_default_is_a_value_or_an_expression() -> None:
    assert with_default(PLAIN, written("add()")) == PLAIN
    assert with_default(PLAIN, written("add(default=3)")).default == 3
    computed = with_default(PLAIN, written("add(default=f(1))"))
    assert (computed.default, computed.computed) == (msgspec.UNSET, "f(1)")


def test_types() -> None:
    keywords = written("add(a=None, b=int)").keywords
    assert [has_type(keywords.get(name)) for name in "abc"] == [False, True, False]
    names = ["pathlib.Path", "pathlib.PurePath", "other.Path", "int"]
    assert [is_path_type(name) for name in names] == [True, True, False, False]


@pytest.mark.parametrize(
    ("text", "role"),
    [("F()", "input"), ("F('w')", "output"), ("F(mode='rb')", "input"), ("F('r+')", None)],
)
def test_a_mode_is_a_role(text: str, role: str | None) -> None:
    assert opened_file(*call_in(text)) == WordType(is_path=True, role=role)  # type: ignore[arg-type]
    with pytest.raises(UnknownValue):
        opened_file(*call_in("F(mode=f())"))
