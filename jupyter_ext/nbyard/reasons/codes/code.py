"""One entry of the catalogue: the text of a code and the types of its parameters."""

from typing import Any

import msgspec

# types of parameters besides text and numbers; by name, because `Reason` needs this module
REASON, REASONS = "Reason", ["Reason"]
NUMBER = (int, float)


class Code(msgspec.Struct, frozen=True):
    """The text of a code, and the types of its parameters by name."""

    text: str
    fields: dict[str, Any] = {}


def code(text: str, /, **fields: Any) -> Code:
    """Return a code with this text and these parameters."""
    return Code(text, fields)
