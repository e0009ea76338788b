"""Patches: fields that a request gives."""

from typing import Any

import msgspec


def given_fields(patch: msgspec.Struct) -> dict[str, Any]:
    """Return the fields of a patch that are set, with their values."""
    fields = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}
