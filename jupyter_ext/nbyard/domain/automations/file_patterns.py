"""Globs of files below a folder: `*.csv`, `2026-??/*.json`, `**/*.parquet`."""

import fnmatch
import re
from functools import lru_cache

import msgspec

from nbyard.errors import Invalid

MAX_PATTERN = 200
FIELD = "on.pattern"
DEEP = "**"
WILD = ("*", "?", "[")


class PathPattern(msgspec.Struct, frozen=True):
    """A glob as regular expressions for each name in a path. None is any number of folders.

    Names are matched one by one, because a regular expression for whole paths can be very slow.
    """

    parts: tuple[re.Pattern[str] | None, ...]

    @property
    def is_deep(self) -> bool:
        """Return whether files in subfolders can match."""
        return len(self.parts) > 1

    def matches(self, path: str) -> bool:
        """Return whether a path relative to the watched folder matches."""
        *folders, name = path.split("/")
        # All places in the pattern that the folders so far can lead to. Their number is at most
        # that of the parts, so that no pattern is slow.
        places = self._with_skipped_folders({0})
        for folder in folders:
            places = self._with_skipped_folders(
                {place for start in places for place in self._next(start, folder)}
            )
        last = len(self.parts) - 1
        return last in places and bool(self._matches(last, name))

    def _next(self, place: int, folder: str) -> list[int]:
        """Return the places in the pattern after a folder is matched at `place`."""
        if self.parts[place] is None:
            # As in a shell, `**` enters no hidden folder.
            return [] if folder.startswith(".") else [place]
        is_last = place == len(self.parts) - 1
        return [place + 1] if not is_last and self._matches(place, folder) else []

    def _with_skipped_folders(self, places: set[int]) -> set[int]:
        """Add the places that follow a `**` that matches no folder."""
        for place in range(len(self.parts)):
            if place in places and self.parts[place] is None:
                places = places | {place + 1}
        return places

    def _matches(self, place: int, name: str) -> bool:
        part = self.parts[place]
        return part is not None and bool(part.match(name))


@lru_cache(maxsize=500)
def path_pattern(pattern: str) -> PathPattern:
    """Parse and check a glob of files.

    Raises:
        Invalid: the pattern is refused.
    """
    if not pattern:
        raise Invalid.field(FIELD, "may not be empty")
    if len(pattern) > MAX_PATTERN:
        raise Invalid.field(FIELD, f"may have at most {MAX_PATTERN} characters")
    parts = pattern.split("/")
    if any(part in {"", ".", ".."} for part in parts) or parts[-1] == DEEP:
        raise Invalid.field(
            FIELD, f"'{pattern}' is not a pattern of files, such as *.csv or **/*.csv"
        )
    # As in a shell, a wildcard at the beginning matches no hidden file.
    texts = [
        (r"(?!\.)" if part.startswith(WILD) else "") + fnmatch.translate(part) for part in parts
    ]
    pairs = zip(parts, map(re.compile, texts), strict=True)
    return PathPattern(tuple(None if part == DEEP else regex for part, regex in pairs))
