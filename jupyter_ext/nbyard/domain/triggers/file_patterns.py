"""Globs of files below a folder: `*.csv`, `2026-??/*.json`, `**/*.parquet`."""

import re
from functools import lru_cache

from nbyard.errors import Invalid
from nbyard.reasons.structs import because

MAX_PATTERN = 200
FIELD = "on.pattern"
ANY_FOLDERS = r"(?:(?!\.)[^/]+/)*"


@lru_cache(maxsize=500)
def matcher(pattern: str) -> re.Pattern[str]:
    """Return the expression that matches relative paths of files.

    Raises:
        Invalid: the pattern is refused.
    """
    if not pattern:
        raise Invalid.field(FIELD, because("empty"))
    if len(pattern) > MAX_PATTERN:
        raise Invalid.field(FIELD, because("too-long", most=MAX_PATTERN))
    parts = pattern.split("/")
    if any(part in {"", ".", ".."} for part in parts) or parts[-1] == "**":
        raise Invalid.field(FIELD, because("not-a-pattern", text=pattern))
    folders = "".join(ANY_FOLDERS if part == "**" else f"{_part(part)}/" for part in parts[:-1])
    return re.compile(folders + _part(parts[-1]), re.DOTALL)


def is_deep(pattern: str) -> bool:
    """Return whether files in subfolders can match."""
    return "/" in pattern


def _part(part: str) -> str:
    """Return the expression of a name; stars in a row are one, so that matching is fast.

    As in a shell, a star at the beginning matches no hidden file.
    """
    found, place = r"(?!\.)" if part[0] in "*?[" else "", 0
    while place < len(part):
        char = part[place]
        end = part.find("]", place + 2) if char == "[" else -1
        if end > 0:
            inside = part[place + 1 : end]
            negated = inside[0] in "!^" and len(inside) > 1
            chosen = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[1:] if negated else inside)
            found += f"(?!/)[{'^' if negated else ''}{chosen}]"
            place = end
        elif char == "*":
            found += "" if found.endswith("[^/]*") else "[^/]*"
        else:
            found += "[^/]" if char == "?" else re.escape(char)
        place += 1
    return found
