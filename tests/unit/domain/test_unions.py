"""Members of unions are told apart by their kind, and refuse unknown fields."""

import msgspec
import pytest

from nbyard.domain.unions import UnionMember


class Cat(UnionMember, frozen=True, tag="cat"):
    name: str = ""


class Dog(UnionMember, frozen=True, tag="dog"):
    name: str = ""


def test_the_kind_chooses_the_member() -> None:
    assert msgspec.json.encode(Dog("Rex")) == b'{"kind":"dog","name":"Rex"}'
    assert msgspec.json.decode(b'{"kind": "dog", "name": "Rex"}', type=Cat | Dog) == Dog("Rex")


@pytest.mark.parametrize(
    "text", ['{"name": "Rex"}', '{"kind": "cow"}', '{"kind": "cat", "age": 3}']
)
def test_other_objects_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Cat | Dog)
