"""Fields that a request gives."""

import msgspec

from nbyard.services.requests import given_fields


class Patch(msgspec.Struct):
    name: str | msgspec.UnsetType = msgspec.UNSET
    most: int | msgspec.UnsetType | None = msgspec.UNSET


def test_null_differs_from_a_missing_field():
    assert given_fields(Patch(most=None)) == {"most": None}
    assert given_fields(Patch(name="a")) == {"name": "a"}
