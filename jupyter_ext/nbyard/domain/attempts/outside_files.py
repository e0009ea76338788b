"""Files and folders outside the code folder: how a task used them, and what its result expects.

The runner records each use. `expected` decides which state a result depends on.
"""

from typing import Literal

import msgspec

Kind = Literal["file", "folder", "missing", "special", "unreachable", "many", "changed", "unknown"]


class FileState(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """The state of a path, for a file with its size, its times in nanoseconds and its inode.

    - `special`: a device, pipe or socket. `unreachable`: the user may not look.
    - `many`: too many files were used to record them all.
    - `changed`: was read, and then changed while the task ran.
    - `unknown`: the state at the start is not known.
    """

    kind: Kind
    size: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    inode: int = 0


class OutsideUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a task used a path, with its states at the start and at the end.

    `reads` states whether it was read before it was first written, or only later. `opened` is a
    file that was only opened for writing. `unseen` is a new file that could not be watched. `names`
    is the digest of the names in a folder at the start.
    """

    end: FileState
    start: FileState = FileState("missing")
    reads: Literal["", "first", "later", "opened", "unseen"] = ""
    is_changed: bool = False
    names: str = ""


class OutsideFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state that a result depends on.

    If it was not read, only its kind counts. `digest` is that of the content, or of the names in a
    folder. It may be missing for a large file.
    """

    state: FileState
    is_read: bool = False
    digest: str = ""


CHANGED = OutsideFile(FileState("changed"), is_read=True)


class Habits(msgspec.Struct, frozen=True):
    """What code may do with files unseen, as its text shows.

    It reads files that it opens for writing, asks for the size of files that it does not read,
    tests whether files exist, or keeps what is in the files that it writes.
    """

    maps: bool = False
    asks: bool = False
    tests: bool = False
    keeps: bool = False


def expected_state(use: OutsideUse, habits: Habits) -> OutsideFile | None:
    """Return the state that must be there again to reuse the result, None if any may be."""
    reads = use.reads
    if reads == "opened":
        reads = "first" if habits.maps else ""
    if not use.is_changed or use.end.kind == "many":
        is_asked = habits.asks and use.end.kind == "file"
        return OutsideFile(use.end, bool(reads) or is_asked, use.names)
    if not reads:  # only written; what happens in a new folder is unseen
        is_unseen = habits.keeps and use.end.kind == "folder"
        return OutsideFile(use.start) if habits.tests or is_unseen else None
    # an unseen file is new, and is written with the same bytes again by other code
    is_repeatable = reads == "unseen" and not (habits.tests or habits.keeps or habits.asks)
    if use.start.kind in ("folder", "missing") and not is_repeatable:
        return OutsideFile(use.start, is_read=True, digest=use.names)
    # a file that has grown may have been appended to, so its old content matters
    is_overwritten = use.start.kind == "file" and use.end.size <= use.start.size
    if reads == "unseen" or (reads == "later" and is_overwritten):
        return OutsideFile(use.end, is_read=use.end.kind == "file")
    return CHANGED
