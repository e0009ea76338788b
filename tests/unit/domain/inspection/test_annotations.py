"""Annotations as types."""

import ast

import pytest

from nbyard.domain.inspection.annotations import (
    Declared,
    declared_type,
    enumeration_of_default,
    enumerations_in,
    imported_member,
    members_of,
)


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


SOURCE = """
class Color(enum.Enum):
    RED = "red"
    BLUE = auto()
    _hidden = 1
    def method(self): pass
class Level(IntEnum):
    LOW = auto()
    HIGH = auto()
class Name(StrEnum):
    ADA = auto()
class Row(Enum):
    FIRST = (1, 2)
class Plain:
    X = 1
class Empty(Enum):
    pass
"""


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def test_classes_have_their_members_and_values() -> None:
    known = enumerations_in(ast.parse(SOURCE).body)
    assert {name: (each.choices, each.choice_values) for name, each in known.items()} == {
        "Color": (("RED", "BLUE"), ("red", None)),
        "Level": (("LOW", "HIGH"), (1, 2)),
        "Name": (("ADA",), ("ada",)),
        "Row": (("FIRST",), (None,)),
        "Empty": ((), ()),
    }
    assert known["Empty"].type == "string"
    assert members_of(known)["Level.HIGH"] == "HIGH"
    for text in ("Color.RED", "Color('red')", "Color['RED']"):
        assert enumeration_of_default(expression(text), known) == known["Color"]
    for text in ("Plain.X", "x", "f.Color.RED.value"):
        assert enumeration_of_default(expression(text), known) is None


def test_members_of_annotated_classes_are_known_anywhere() -> None:
    assert imported_member(expression("Optional[m.Color]"), expression("m.Color.RED")) == "RED"
    assert imported_member(expression("Color"), expression("Other.RED")) == ""
    assert imported_member(expression("Color"), None) == ""
