"""Add the lines of a project file to errors about its fields."""

import re
from typing import TypeVar

import msgspec

from nbyard.domain.projects.toml_lines import lines_of, path_below
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because

MOST_SHOWN = 120
# "Expected `int`, got `str` - at `$.schedules.night.at_most`"
MISMATCH = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<place>.*)`)?", re.DOTALL)
OF_STRUCT = re.compile(r"Object (?:contains unknown|missing required) field `(?P<name>[^`]*)`")

Refusal = TypeVar("Refusal", bound=NbyardError)


def mismatch_place(message: str) -> tuple[str, str]:
    """Split a message of msgspec into the path of its field and the message without it."""
    match = MISMATCH.fullmatch(message)
    if match is None:
        return "", message
    place = re.sub(r"\[(\d+)\]", r".\1", match["place"] or "")
    if of_struct := OF_STRUCT.match(match["what"]):
        place = f"{place}.{of_struct['name']}".removeprefix(".")
    return place, match["what"]


def with_lines(error: Refusal, file: str, content: bytes, elsewhere: str = "") -> Refusal:
    """Return a copy of an error whose fields name their lines in a project file.

    `file` is the name and `content` the bytes of the project file. Fields that the file lacks
    get the path `elsewhere`; if it is empty, they keep their path.
    """
    if not error.details:
        return error
    lines, implied = lines_of(content.decode("utf-8-sig", errors="replace"))
    known = {**implied, **lines}
    details = []
    for detail in error.details:
        half, shown = MOST_SHOWN // 2, detail.path
        if len(shown) > MOST_SHOWN:  # its end names the field
            shown = f"{shown[:half]}…{shown[-half:]}"
        # A single table may stand for a list of one.
        places = (detail.path, detail.path.replace(".0.", ".", 1))
        # The table of a missing field names the place, but another entry beside it does not.
        tables = (place.rpartition(".")[0] for place in places)
        line_numbers = (*map(known.get, places), *map(lines.get, tables))
        if line := next(filter(None, line_numbers), 0):
            shown = f"{file}, line {line}: {shown}"
        elif elsewhere:
            shown = elsewhere
        details.append(msgspec.structs.replace(detail, path=shown))
    whole = because("field", path=details[0].path, reason=details[0].why)
    return type(error)(whole, hint=error.hint_reason, details=details)


def entry_path(table: str, name: str) -> str:
    """Return the path of a named entry, such as `schedules.morning`."""
    return path_below(table, name)
