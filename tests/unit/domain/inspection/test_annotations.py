"""Annotations as types (E2)."""

import ast

import pytest

from nbyard.domain.inspection.annotations import Declared, declared_type


def type_of(text: str) -> Declared:
    return declared_type(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("text", "type_", "nullable"),
    [
        ("int", "int", False),
        ("int | None", "int", True),
        ("Optional[int]", "int", True),
        ("typing.Optional[str]", "string", True),
        ("Union[int, None]", "int", True),
        ("None | list[str]", "list", True),
        ("'int | None'", "int", True),
        ("list[dict[str, int]]", "list", False),
        ("dict[str, int]", "json", False),
        ("tuple[int, ...]", "list", False),
        ("int | float", "float", False),
        ("int | str", "json", False),
        ("np.float64", "float", False),
        ("Final[bool]", "bool", False),
        ("Any", "json", False),
        ("pd.DataFrame", "", False),
        ("None", "", True),
        ("__import__('os').system('x')", "", False),
        ("'not ( python'", "", False),
        ("3", "", False),
    ],
)
def test_types(text: str, type_: str, nullable: bool) -> None:
    found = type_of(text)
    assert (found.type, found.nullable) == (type_, nullable)


def test_literals_are_choices() -> None:
    assert type_of("Literal['a', -1]").choices == ("a", -1)
    found = type_of("Literal['a', None]")
    assert (found.type, found.choices, found.nullable) == ("choice", ("a",), True)
    assert type_of("Literal['a'] | Literal['b'] | None").choices == ("a", "b")
    assert type_of("Literal[x]").type == ""


def test_paths_and_annotated() -> None:
    assert type_of("pathlib.Path").is_path and type_of("str | Path").is_path
    found = type_of("Annotated[int, 'how many']")
    assert (found.type, found.help) == ("int", "how many")


def test_depth_is_limited() -> None:
    assert (
        declared_type(ast.parse("Optional[" * 50 + "int" + "]" * 50, mode="eval").body).type == ""
    )
    assert declared_type(None) == Declared()
