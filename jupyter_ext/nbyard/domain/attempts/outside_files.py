"""Files and folders outside the code folder: their use by tasks, and states that results need.

The runner records each use. `expected_state` decides which state a cached result depends on.
"""

from typing import Literal

import msgspec

Kind = Literal["file", "folder", "missing", "special", "unreachable", "many", "changed", "unknown"]


class FileState(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """The state of a path. A file has a size, times in nanoseconds and an inode.

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

    `reads` is `first` if the path was read before it was first written, else `later`. Without a
    watch, the path counts as read first. `opened` is a file that was only opened for writing.
    `names` is the digest of the names and kinds in a folder at the start. `entries` is that of the
    names and states. For a missing path, both are those of the siblings whose names begin with its
    name.
    """

    end: FileState
    start: FileState = FileState("missing")
    reads: Literal["", "first", "later", "opened"] = ""
    is_changed: bool = False
    names: str = ""
    entries: str = ""


class OutsideFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of a path outside the code folder that a cached result depends on.

    If the task did not read the path, only its kind counts. `digest` is that of the content of a
    file, or of the names in a folder. With `has_entries`, the digest includes the states of the
    entries. It may be missing for a large file.
    """

    state: FileState
    is_read: bool = False
    digest: str = ""
    has_entries: bool = False


CHANGED = OutsideFile(FileState("changed"), is_read=True)


class Habits(msgspec.Struct, frozen=True):
    """Ways in which code may depend on files that it does not open for reading.

    The text of the code shows them. `maps`: it reads files that it opens for writing. `asks`: it
    asks for the size of files. `tests`: it tests whether files exist. `computes`: it tests files
    whose names it computes. `appends`: it adds to files.
    """

    maps: bool = False
    asks: bool = False
    tests: bool = False
    computes: bool = False
    appends: bool = False


def expected_state(use: OutsideUse, habits: Habits) -> OutsideFile | None:
    """Return the state of a path that a cached result requires.

    `use` is the recorded use of the path, `habits` those of the code. Return None if the result is
    valid with any state.
    """
    reads = use.reads
    # Opening for writing reads nothing, unless the code may map the file, as with the mode `r+`.
    if reads == "opened":
        reads = "first" if habits.maps else ""
    # Code that tests computed paths sees names here. Code that asks also sees sizes and times.
    is_place = use.start.kind == "folder" or (use.start.kind == use.end.kind == "missing")
    if is_place and (habits.asks or habits.computes):
        digest = use.entries if habits.asks else use.names
        return OutsideFile(use.start, is_read=True, digest=digest, has_entries=habits.asks)
    # An unchanged path is as the task saw it. If the task did not read the path, only its kind
    # counts. For code that asks for sizes, the whole state of a file counts.
    if not use.is_changed or use.end.kind == "many":
        is_asked = habits.asks and use.end.kind == "file"
        return OutsideFile(use.end, bool(reads) or is_asked, use.names)
    if not reads:  # only written; nobody saw whether files in a new folder were appended to
        return OutsideFile(use.start) if habits.tests or use.end.kind == "folder" else None
    if use.start.kind in ("folder", "missing"):
        return OutsideFile(use.start, is_read=True, digest=use.names)
    # The old content matters if the task appended to the file and then read it. Events do not
    # distinguish this from overwriting. Appending shows in the code, or in the size of the file
    # unless the task overwrote the file at last.
    may_append = habits.appends or use.end.size > use.start.size
    if reads == "later" and use.start.kind == "file" and not may_append:
        return OutsideFile(use.end, is_read=use.end.kind == "file")
    # The content that the task found is gone, so no later state can match it.
    return CHANGED
