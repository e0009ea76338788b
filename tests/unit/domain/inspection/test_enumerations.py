"""Members of Enum classes are read from source."""

import ast

from nbyard.domain.inspection.enumerations import (
    enumeration_of_default,
    enumerations_in,
    imported_member,
    members_of,
)

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


def test_a_member_of_an_annotated_class_is_one_wherever_the_class_is() -> None:
    assert imported_member(expression("Optional[m.Color]"), expression("m.Color.RED")) == "RED"
    assert imported_member(expression("Color"), expression("Other.RED")) == ""
    assert imported_member(expression("Color"), None) == ""
