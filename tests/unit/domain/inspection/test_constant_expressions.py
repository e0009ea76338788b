"""Constant expressions are computed, code is not run."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.inspection.constant_expressions import FilePath, NotConstant, evaluate_constant


def value_of(text: str, **names: object) -> object:
    return evaluate_constant(ast.parse(text, mode="eval").body, names)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60 * 60", 3600),
        ("'a' + \"b\"", "ab"),
        ("-1", -1),
        ("1e-3", 0.001),
        ("-(2 ** 10)", -1024),
        ("1 << 20", 1 << 20),
        ("7 // 2 % 2", 1),
        ("not True", False),
        ("'-' * 3", "---"),
        ("(1, 2)", [1, 2]),
        ("[1] + [2]", [1, 2]),
        ("{'a': [None, True]}", {"a": [None, True]}),
        ("f'a{1 + 1}b'", "a2b"),
        ("base + '/x'", "data/x"),
        ("'''two\nlines'''", "two\nlines"),
        ("1_000_000", 1_000_000),
        ("0xff", 255),
    ],
)
def test_values(text: str, value: object) -> None:
    assert value_of(text, base="data") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Path('a') / 'b' / 'c.csv'", "a/b/c.csv"),
        ("pathlib.Path('a', 'b')", "a/b"),
        ("Path()", "."),
    ],
)
def test_paths(text: str, value: str) -> None:
    found = value_of(text)
    assert isinstance(found, FilePath) and found == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch /tmp/nby_canary')",
        "open('x')",
        "unknown",
        "x.y",
        "[i for i in (1,)]",
        "lambda: 1",
        "b'bytes'",
        "1j",
        "...",
        "2 ** 10 ** 9",
        "1 << 10 ** 9",
        "'a' * 10 ** 9",
        "'%1000000000d' % 1",
        "f'{1:1000000000}'",
        "1 / 0",
        "-'a'",
        "'a' + 1",
        "[1] * 10 ** 9",
        "{1: 2}",
        "{**{}}",
        "0.5 ** -2000",
        "(-8) ** 0.5 + 'a'",
        "Path(x=1)",
        "Path(1)",
        "~1.5",
    ],
)
def test_everything_else_is_not_computed(text: str) -> None:
    with pytest.raises(NotConstant):
        value_of(text)


def test_depth_is_limited() -> None:
    with pytest.raises(NotConstant):
        value_of("-" * 150 + "1")


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()
VALUES = st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=10)


@given(VALUES)
def test_literals_equal_those_of_python(value: object) -> None:
    assert value_of(repr(value)) == value
