"""What was given in place of a value of another type, for the reason of the refusal."""

from collections.abc import Mapping
from typing import Any

from nbyard.reasons.structs import Reason, because


def given_type(value: Any) -> Reason:
    """Return the type of the given value."""
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
    """Return the given text in quotes."""
    return because("given-text", text=repr(text[:40]))
