"""Requests that change only the fields that they give."""

from typing import Any

import msgspec


def given_fields(patch: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that are set in a patch, with their values."""
    # None is a value of its own: for example, None in `at_most` removes the limit of an automation.
    fields = {name: getattr(patch, name) for name in patch.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}
