"""Descriptions of refused values, for errors about a wrong type."""

from collections.abc import Mapping
from typing import Any


def given_type(value: Any) -> str:
    """Return the type of a refused value in words."""
    types = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    if isinstance(value, Mapping):
        return "an object"
    return types.get(type(value)) or f"a {type(value).__name__}"


def given_text(text: str) -> str:
    """Return the start of a refused text, quoted."""
    return repr(text[:40])
