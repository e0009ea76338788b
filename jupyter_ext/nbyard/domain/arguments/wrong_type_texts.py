"""Descriptions of refused values, for errors about a wrong type."""

from collections.abc import Mapping
from typing import Any

from nbyard.reasons.structs import Reason, because


def given_type(value: Any) -> Reason:
    """Return a reason that names the type of a refused value."""
    codes = {
        bool: "given-boolean",
        int: "given-integer",
        float: "given-number",
        str: "given-any-text",
    }
    if isinstance(value, Mapping):
        return because("given-object")
    if code := codes.get(type(value)):
        return because(code)
    return because("given-type", type=type(value).__name__)


def given_text(text: str) -> Reason:
    """Return a reason that quotes the start of a refused text."""
    return because("given-text", text=repr(text[:40]))
