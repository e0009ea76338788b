"""Lists the watched files that exist now."""

import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from nbyard.domain.parsing.strict_json import is_utf8

MOST_LOOKED_AT = 200_000


class TooManyFiles(Exception):
    """A folder has too many entries to watch."""


def present_files(
    path: Path, matches: Callable[[str], bool], *, is_deep: bool, most: int
) -> dict[str, tuple[int, int]]:
    """Return modification time (ns) and size of the files that exist, by real path.

    `matches` selects files by their paths relative to a folder. Links to folders are not followed.
    Names that are not UTF-8 are skipped, because JSON cannot contain them. A missing path has no
    files.

    Raises:
        OSError: A folder cannot be read.
        TooManyFiles: More than `most` files match, or there are too many entries.
    """
    try:
        path_stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    if not stat.S_ISDIR(path_stat.st_mode):
        return {str(path): (path_stat.st_mtime_ns, path_stat.st_size)}
    files = {}
    for relative, entry in _entries(path, is_deep=is_deep):
        if matches(relative) and is_utf8(relative):
            try:
                known = entry.stat()
            except FileNotFoundError:  # it was deleted meanwhile, or is a link to nothing
                continue
            if stat.S_ISREG(known.st_mode):
                files[entry.path] = (known.st_mtime_ns, known.st_size)
                if len(files) > most:
                    raise TooManyFiles(str(path))
    return files


def changed_at(path: str) -> datetime:
    """Return when a file was last changed or renamed.

    If it is gone, return when its folder was changed.
    """
    place = Path(path)
    while True:
        try:
            known = place.stat()
        except (FileNotFoundError, NotADirectoryError):
            if place == place.parent:
                raise
            place = place.parent
            continue
        # Unlike that of modification, no program can set this time, and a rename changes it.
        is_there = place == Path(path)
        seconds = known.st_ctime if is_there else known.st_mtime
        return datetime.fromtimestamp(seconds, UTC)


def _entries(path: Path, *, is_deep: bool) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Yield all entries except folders, with their relative paths."""
    left, count = [("", str(path))], 0
    while left:
        prefix, folder = left.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                count += 1
                if count > MOST_LOOKED_AT:
                    raise TooManyFiles(str(path))
                if not entry.is_dir(follow_symlinks=False):
                    yield prefix + entry.name, entry
                elif is_deep and not entry.name.startswith("."):
                    left.append((f"{prefix}{entry.name}/", entry.path))
