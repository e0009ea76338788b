"""One entry of the catalogue: the text of a code and the types of its parameters."""

import re
from typing import Any

import msgspec

# For example `{count}`, `{names:, }`, `{size:bytes}` and `{count:GPU|GPUs}`.
FIELD = re.compile(r"\{(\w+)(?::([^}]*))?\}")

# types of parameters besides text and numbers; by name, because `Reason` needs this module
REASON, REASONS = "Reason", ["Reason"]
NUMBER = (int, float)
# The types of parameters by their format in the text. Other formats join lists.
KINDS: dict[str | None, type] = {None: str, ",": int, "bytes": int}
# The types of parameters that have these names in most texts, whatever their format.
OF_NAMES: dict[str, Any] = {
    **dict.fromkeys(("cell", "count", "exit_code", "line", "more", "most", "number"), int),
    **dict.fromkeys(("rows", "run", "signal", "status", "workers"), int),
    **dict.fromkeys(("hours", "seconds", "share", "total"), NUMBER),
    **dict.fromkeys(("cause", "end", "hint", "host", "problem", "quota", "reason", "why"), REASON),
    **dict.fromkeys(("breaches", "changes", "differences"), REASONS),
}


class Code(msgspec.Struct, frozen=True):
    """The text of a code, and the types of parameters that text and name do not show."""

    text: str
    typed: dict[str, Any] = {}

    @property
    def fields(self) -> dict[str, Any]:
        """Return the types of all parameters by name."""
        fields = {of[1]: KINDS.get(of[2], list) for of in FIELD.finditer(self.text)}
        return {name: OF_NAMES.get(name, kind) for name, kind in fields.items()} | self.typed


def code(text: str, /, **typed: Any) -> Code:
    """Return a code with this text, and with these types of parameters; others follow from it."""
    return Code(text, typed)
