"""The presentation of fields reaches Python and the OpenAPI document."""

from typing import Annotated

import msgspec
import pytest

from nbyard.domain.presentation import presented_fields, shown


class Sample(msgspec.Struct):
    plain: str = ""
    size: Annotated[
        int | msgspec.UnsetType | None,
        shown("Size", "How large it is.", more=True, order=2, shown_when={"plain": "a"}),
    ] = msgspec.UNSET
    key: Annotated[str, shown("Key", secret=True)] = ""


def test_only_fields_with_a_presentation_are_presented():
    size, key = presented_fields(Sample)
    assert (size.name, size.type, size.shown.label, size.flag) == ("size", int, "Size", "--size")
    assert key.shown.secret


def test_forms_read_the_presentation_from_the_schema():
    schema = msgspec.json.schema(Sample)["$defs"]["Sample"]["properties"]
    assert schema["size"] == {
        "title": "Size",
        "description": "How large it is.",
        "x-order": 2,
        "x-more": True,
        "x-shown-when": {"plain": "a"},
        "anyOf": [{"type": "integer"}, {"type": "null"}],
    }
    assert schema["key"]["writeOnly"] is True


def test_an_unknown_word_is_refused_at_its_field():
    with pytest.raises(TypeError):
        shown("Size", colour="red")
