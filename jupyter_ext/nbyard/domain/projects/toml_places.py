"""Add the lines of a project file to errors about its fields.

The lines of tables and keys in a valid TOML file, found in one pass over its text.
"""

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from nbyard.domain.naming.names import MAX_NAME
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because

MOST_PARTS = 20
# A text of several lines may end with up to two quotes of its own before its three quotes.
TOKEN = re.compile(
    r"""
    (?P<text>
        \"{3}(?:[^\\"]|\\.|"{1,2}(?!"))*"{3,5} | '{3}(?:[^']|'{1,2}(?!'))*'{3,5}
        | "(?:[^\\"\n]|\\.)*" | '[^'\n]*'
        | [A-Za-z0-9_-]+
    )
    | (?P<skipped>[ \t\r]+|\#[^\n]*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


def lines_of(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """Return the line numbers of tables, keys and entries of lists by path.

    A path is `schedules.morning.when`, or `notifications.team.0.events` in a list, for example.
    The second result has the lines of tables without a header of their own, such as `a` in
    `[a.b]`.
    """
    scan = _Scan()
    for kind, token, line in _tokens(text):
        scan.read(kind, token, line)
    return scan.lines, scan.implied


def path_below(path: str, key: str) -> str:
    """Return the path of a key in a table. A key longer than names may be is cut."""
    return f"{path}.{key[:MAX_NAME]}" if path else key[:MAX_NAME]


class _Level:
    """An open table or list. `index` is that of a list's next entry, or -1 for a table."""

    def __init__(self, path: str, index: int = -1):
        self.path = path
        self.index = index


class _Scan:
    """Reads the tokens of a TOML file, and records the lines of paths.

    `_value` is the path of a key while its value is read, else None.
    """

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.implied: dict[str, int] = {}
        self._lists: dict[str, int] = {}  # the last index of [[lists]]
        self._levels = [_Level("")]
        self._keys: list[str] = []
        self._value: str | None = None
        self._brackets = 0  # before the keys of a header
        self._line = 0

    def read(self, kind: str, token: str, line: int) -> None:
        level = self._levels[-1]
        if level.index >= 0:
            self._read_entry(level, token, line)
        elif token == "\n" and len(self._levels) == 1:
            if self._brackets and self._keys:
                path = self._path("")
                if self._brackets > 1:
                    self._lists[path] = self._lists.get(path, -1) + 1
                    path = path_below(path, str(self._lists[path]))
                    self.lines.setdefault(path, self._line)
                self._levels = [_Level(path)]
            self._keys, self._value, self._brackets = [], None, 0
        elif self._value is not None:
            self._read_value(level, token)
        elif kind == "text":
            self._line = line if not self._keys else self._line
            self._keys.append(token)
        elif token == "[" and not self._keys:
            self._brackets += 1
        elif token == "=" and self._keys:
            self._value = self._path(level.path)
            self._keys = []
        elif token == "}":
            self._close()

    def _read_value(self, level: _Level, token: str) -> None:
        if token in ("[", "{"):
            self._levels.append(_Level(self._value or "", 0 if token == "[" else -1))
            self._value = None
        elif token == ",":
            self._value = None
        elif token == "}":
            self._close()

    def _read_entry(self, level: _Level, token: str, line: int) -> None:
        if token == "\n":
            return
        if token == ",":
            level.index += 1
        elif token == "]":
            self._close()
        else:
            path = path_below(level.path, str(level.index))
            self.lines.setdefault(path, line)
            if token in ("[", "{"):
                self._levels.append(_Level(path, 0 if token == "[" else -1))
                self._value = None

    def _close(self) -> None:
        if len(self._levels) > 1:
            self._value = self._levels.pop().path
            self._keys = []

    def _path(self, path: str) -> str:
        """Return the path of the dotted key in `_keys` below a table; record its line."""
        for key in self._keys[:MOST_PARTS]:
            if path:
                self.implied.setdefault(path, self._line)
            if path in self._lists:
                path = path_below(path, str(self._lists[path]))
            path = path_below(path, _unquoted_key(key))
        self.lines.setdefault(path, self._line)
        return path


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    line = 1
    for match in TOKEN.finditer(text):
        kind, token = match.lastgroup or "", match.group()
        if kind != "skipped":
            yield kind, token, line
        line += token.count("\n")
    # The last line may lack its line end, which completes a statement.
    yield "sign", "\n", line


def _unquoted_key(key: str) -> str:
    import tomllib

    if key[0] == '"' and "\\" in key:
        try:
            return str(tomllib.loads(f"key = {key}")["key"])
        except tomllib.TOMLDecodeError:
            return key
    return key[1:-1] if key[0] in "\"'" else key


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
