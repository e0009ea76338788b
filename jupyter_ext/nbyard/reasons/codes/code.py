"""One entry of the catalogue: the text of a code and the types of its parameters."""

import re
from typing import Any

import msgspec

# For example `{count}`, `{names:, }` and `{size:bytes}`.
FIELD = re.compile(r"\{(\w+)(?::([^}]*))?\}")

# types of parameters besides text and numbers; by name, because `Reason` needs this module
REASON, REASONS = "Reason", ["Reason"]
NUMBER = (int, float)
# The types of parameters by their format in the text. Other formats join lists.
KINDS: dict[str | None, type] = {None: str, ",": int, "bytes": int}


class Code(msgspec.Struct, frozen=True):
    """The text of a code, and the types of parameters that are not clear from the text."""

    text: str
    typed: dict[str, Any] = {}

    @property
    def fields(self) -> dict[str, Any]:
        """Return the types of all parameters by name."""
        return {of[1]: KINDS.get(of[2], list) for of in FIELD.finditer(self.text)} | self.typed


def code(text: str, /, **typed: Any) -> Code:
    """Return a code with this text, and with these types of parameters; others follow from it."""
    return Code(text, typed)
