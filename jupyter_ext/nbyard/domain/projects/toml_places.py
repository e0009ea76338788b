"""Places in a project file: an error names the line of each field that it refuses."""

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from nbyard.errors import NbyardError
from nbyard.reasons.structs import because

MOST_LINES = 1_000  # of one statement
# "Expected `int`, got `str` - at `$.schedules.night.at_most`"
MISMATCH = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<place>.*)`)?", re.DOTALL)
OF_STRUCT = re.compile(r"Object (?:contains unknown|missing required) field `(?P<name>[^`]*)`")

Refusal = TypeVar("Refusal", bound=NbyardError)


def mismatch_place(words: str) -> tuple[str, str]:
    """Return the path of the field that msgspec's message is about, and the message without it."""
    found = MISMATCH.fullmatch(words)
    if found is None:
        return "", words
    place = re.sub(r"\[(\d+)\]", r".\1", found["place"] or "")
    if of_struct := OF_STRUCT.match(found["what"]):
        place = f"{place}.{of_struct['name']}".removeprefix(".")
    return place, found["what"]


def with_lines(error: Refusal, file: str, content: bytes, elsewhere: str = "") -> Refusal:
    """Return a refusal whose fields name their lines in a project file.

    Fields that are not in the file get the path `elsewhere`; if it is empty, they keep theirs.
    """
    if not error.details:
        return error
    lines = lines_of(content.decode("utf-8-sig", errors="replace"))
    details = []
    for detail in error.details:
        place = detail.path
        while place and place not in lines:
            place = place.rpartition(".")[0]
        path = f"{file}, line {lines[place]}: {detail.path}" if place else elsewhere
        details.append(msgspec.structs.replace(detail, path=path or detail.path))
    whole = because("field", path=details[0].path, reason=details[0].why)
    return type(error)(whole, hint=error.hint_reason, details=details)


def lines_of(text: str) -> dict[str, int]:
    """Return the line of each table and key of a valid file by its path.

    A path is such as `schedules.morning.when`, or `notifications.team.0.events` in a list.
    """
    lines: dict[str, int] = {}
    lists: dict[str, int] = {}
    table = ""
    for number, found, is_header in _statements(text):
        paths = list(_paths(found))
        if is_header:
            table = max(paths, key=len).removesuffix(".0")
            if table != max(paths, key=len):
                lists[table] = lists.get(table, -1) + 1
                table = f"{table}.{lists[table]}"
            paths = [table]
        elif table:
            paths = [f"{table}.{path}" for path in paths]
        for path in paths:
            parts = path.split(".")
            for depth in range(1, len(parts) + 1):
                lines.setdefault(".".join(parts[:depth]), number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """Yield the first line of each statement, its content, and whether it is a header."""
    import tomllib

    statement: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not statement and not line.strip():
            continue
        statement.append(line)
        try:
            found = tomllib.loads("\n".join(statement))
        except tomllib.TOMLDecodeError:
            if len(statement) > MOST_LINES:
                return
            continue
        if found:
            yield number - len(statement) + 1, found, statement[0].lstrip().startswith("[")
        statement = []


def _paths(found: Any, above: str = "") -> Iterator[str]:
    """Yield the paths of all keys of a value."""
    entries = found.items() if isinstance(found, dict) else enumerate(found)
    for key, value in entries:
        path = f"{above}.{key}" if above else str(key)
        yield path
        if isinstance(value, dict | list):
            yield from _paths(value, path)
