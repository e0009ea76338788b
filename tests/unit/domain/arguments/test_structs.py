"""Arguments: values checked against types, texts read as types."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import Flag, Option, Stdin, Stdout
from nbyard.domain.arguments.structs import (
    Argument,
    check_arguments,
    check_json,
    check_value,
    is_name,
    parse_value,
    type_words,
)
from nbyard.errors import Invalid

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50)
INTS = st.integers(-(2**63) + 1, 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | INTS | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", ["a", "_x", "größe", "input_csv", "x" * 128])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "a b",
        "a-b",
        "class",
        "None",
        "x = 1\nimport os",
        "a\n",
        "x" * 129,
        "ﬁle",
        "é" * 65,
    ],
)
def test_invalid_names_are_refused(name: str) -> None:
    """Names become source text when they are injected."""
    assert not is_name(name)
    with pytest.raises(Invalid) as refused:
        check_arguments([Argument("fine"), Argument(name)])
    assert refused.value.details[0].path == "arguments.1.name"


def test_duplicate_names_are_refused_on_the_field() -> None:
    with pytest.raises(Invalid) as refused:
        check_arguments([Argument("a"), Argument("b"), Argument("a")])
    assert [detail.path for detail in refused.value.details] == ["arguments.2.name"]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ([Argument("a", type="choice")], "arguments.0.choices"),
        ([Argument("a", type="int", default="x")], "arguments.0.default"),
        ([Argument("a", reach=Flag("-v"))], "arguments.0.reach"),
        ([Argument("a", reach=Stdin())], "arguments.0.reach"),
        ([Argument("a", role="input", reach=Stdout())], "arguments.0.reach"),
        ([Argument(n, role="input", reach=Stdin()) for n in "ab"], "arguments.1.reach"),
    ],
)
def test_contradicting_declarations_are_refused(arguments: list[Argument], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_arguments(arguments)
    assert refused.value.details[0].path == path


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("int", True),
        ("int", 1.5),
        ("int", "1"),
        ("int", 2**63),
        ("float", math.nan),
        ("float", math.inf),
        ("float", False),
        ("float", 10**400),
        ("bool", 1),
        ("bool", "true"),
        ("string", 1),
        ("string", "a\x00b"),
        ("string", "\ud800"),
        ("string", "x" * 1_000_001),
        ("list", "abc"),
        ("list", [math.nan]),
        ("json", {"a": {"b": ["\x00"]}}),
        ("json", {1, 2}),
        ("string", None),
    ],
)
def test_unfit_values_are_refused(type_: str, value: object) -> None:
    """True is not 1, and no value is guessed."""
    with pytest.raises(Invalid) as refused:
        check_value(Argument("a", type=type_), value, "arguments.a")  # type: ignore[arg-type]
    assert refused.value.details[0].path.startswith("arguments.a")


def test_null_needs_permission() -> None:
    assert check_value(Argument("a", nullable=True), None) is None
    assert check_value(Argument("a", default=None), None) is None


def test_choices_distinguish_types() -> None:
    argument = Argument("a", type="choice", choices=(1, True, "1"))
    for value in (1, True, "1"):
        assert check_value(argument, value) is value
    with pytest.raises(Invalid, match="one of"):
        check_value(argument, 1.0)


def test_whole_floats_are_integers() -> None:
    assert check_value(Argument("a", type="int"), 3.0) == 3
    assert isinstance(check_value(Argument("a", type="int"), 3.0), int)


def test_files_are_texts() -> None:
    assert check_value(Argument("a", role="input"), "x.csv") == "x.csv"
    with pytest.raises(Invalid):
        check_value(Argument("a", role="input"), 3)


@given(JSON)
def test_json_values_pass_unchanged(value: object) -> None:
    assert check_json(value, "a") == value


def test_json_depth_and_keys() -> None:
    deep: object = 1
    for _ in range(70):
        deep = [deep]
    with pytest.raises(Invalid, match="64 levels"):
        check_json(deep, "a")
    with pytest.raises(Invalid):
        check_json({"a\x00": 1}, "a")


@given(INTS)
def test_integers_survive_the_command_line(value: int) -> None:
    assert parse_value(Argument("a", type="int"), str(value)) == value


@given(FLOATS)
def test_floats_survive_the_command_line(value: float) -> None:
    assert parse_value(Argument("a", type="float"), repr(value)) == value


@given(TEXTS)
def test_texts_survive_the_command_line(value: str) -> None:
    assert parse_value(Argument("a"), value) == value


@given(JSON)
def test_json_survives_the_command_line(value: object) -> None:
    text = msgspec.json.encode(value).decode()
    assert parse_value(Argument("a", type="json", nullable=True), text) == value


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("int", "1.5"),
        ("int", "abc"),
        ("int", ""),
        ("int", "9" * 5000),
        ("float", "nan"),
        ("float", "1e999"),
        ("bool", "2"),
        ("bool", "on e"),
        ("list", "{}"),
        ("list", "[1,"),
        ("json", "nope"),
        ("json", "[" * 5000),
    ],
)
def test_unreadable_texts_are_refused(type_: str, text: str) -> None:
    with pytest.raises(Invalid):
        parse_value(Argument("a", type=type_), text)  # type: ignore[arg-type]


@given(st.sampled_from(["int", "float", "bool", "list", "json", "string"]), st.text(max_size=30))
def test_any_text_is_read_or_refused(type_: str, text: str) -> None:
    argument = Argument("a", type=type_)  # type: ignore[arg-type]
    try:
        value = parse_value(argument, text)
    except Invalid:
        return
    assert check_value(msgspec.structs.replace(argument, nullable=True), value) == value


def test_words_for_booleans_and_null() -> None:
    flag = Argument("a", type="bool")
    assert [parse_value(flag, text) for text in ("true", "NO", "1", "0")] == [
        True,
        False,
        True,
        False,
    ]
    assert parse_value(Argument("a", type="int", nullable=True), "") is None
    assert parse_value(Argument("a", nullable=True), "null") is None
    assert parse_value(Argument("a", nullable=True), "") == ""


def test_choices_are_read_by_their_text() -> None:
    argument = Argument("a", type="choice", choices=("a", 2))
    assert parse_value(argument, "2") == 2
    with pytest.raises(Invalid):
        parse_value(argument, "b")


def test_structs_survive_json() -> None:
    argument = Argument("a", type="int", default=1, reach=Option("--a", joined=True))
    assert msgspec.json.decode(msgspec.json.encode(argument), type=Argument) == argument
    assert msgspec.json.decode(b'{"name":"a"}', type=Argument).default is msgspec.UNSET


def test_the_value_of_a_secret_is_a_name_and_never_shown():
    secret = Argument("token", type="secret", required=True)
    assert check_value(secret, "api") == parse_value(secret, "api") == "api"
    for wrong in ("", " ", 7, ["s3cr3t"]):
        with pytest.raises(Invalid, match="name of a credential") as refused:
            check_value(secret, wrong)
        assert "s3cr3t" not in refused.value.message
    check_arguments([msgspec.structs.replace(secret, default="", reach=Stdin())])
    with pytest.raises(Invalid, match="cannot contain secrets"):
        check_arguments([Argument("tokens", type="list", items="secret")])


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        (Argument("a"), "string"),
        (Argument("a", type="list"), "list"),
        (Argument("a", role="input"), "any file"),
        (Argument("a", role="input", format="csv"), "csv"),
        (Argument("a", role="input", type="list"), "several files"),
        (Argument("a", role="output", format="folder"), "folder"),
        (Argument("a", role="output"), "any file"),
    ],
)
def test_files_are_shown_by_their_format(argument, words):
    """The type of a value does not describe a file."""
    assert type_words(argument) == words
