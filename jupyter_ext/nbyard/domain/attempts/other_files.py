"""Other files: files that a task wrote into its copy of the code beside its outputs."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from nbyard.domain.ignore_rules import is_cache, is_ignored
from nbyard.domain.naming.names import check_member_path
from nbyard.errors import Invalid

NAMED = 100  # names of files left out; beyond these only the number is kept
MOST_SEEN = 100_000  # folder entries; later ones are not kept
MAX_DEPTH = 64
MOST = 2**53  # largest integer that a browser counts to
SHOWN = 200  # characters shown of a forbidden name

Why = Literal[
    "too-large", "too-many", "no-room", "ignored", "link", "name", "secret", "unreadable", "above"
]


class LeftOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file, or a folder whose path ends in `/`, that was written and not kept.

    `too-large`: the attempt wrote more bytes than are kept. `too-many`: it wrote more files.
    `no-room`: the disk of the store was full. `ignored`: a rule of code bundles excludes it.
    `link`: it is a link, or not a regular file. `name`: its name is not allowed elsewhere; the path
    shows it with escapes. `secret`: it contains a credential of the run. `unreadable`: reading
    failed, or the file changed meanwhile. `above`: it is above the code folder; only processes on
    the store's machine are checked for this.
    """

    path: str
    why: Why
    size_bytes: int = 0


class OtherFiles(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files that a task wrote beside its declared outputs.

    `count` of them are kept as the folder `digest`. `left_out` names up to 100 files that are
    not kept; `more` counts the rest.
    """

    digest: str = ""
    count: int = 0
    size_bytes: int = 0
    left_out: list[LeftOut] = []
    more: int = 0


class OtherFile(msgspec.Struct, frozen=True):
    """A file that is kept. `path` is relative to the folder of the code."""

    path: str
    digest: str
    size_bytes: int


class OtherFileList(msgspec.Struct, frozen=True):
    """The other files of a task.

    `folder` is the folder of its code on the store's machine, empty if unknown. The files would
    be there if the code had run in its own folder.
    """

    files: list[OtherFile]
    left_out: list[LeftOut]
    more: int
    folder: str = ""


class Written(NamedTuple):
    """A file that can be kept."""

    path: str
    size_bytes: int


class FileFilter:
    """Decides whether each file that a task wrote can be kept.

    Paths are relative to the folder of the code; folders end in `/`. `declared` are the paths of
    declared inputs and outputs, which are skipped. `written` lists files that can be kept, `left`
    those that cannot. `places` maps the paths in `written` to the paths as found.
    """

    def __init__(self, declared: Collection[str]) -> None:
        self.written: list[Written] = []
        self.left: dict[str, LeftOut] = {}
        self.places: dict[str, str] = {}
        self._declared = declared
        self._folders: dict[str, str | None] = {"": ""}

    def leave(self, path: str, why: Why, size: int = 0) -> None:
        """Record that a path is not kept, and why.

        A folder counts as one path; sizes recorded for the same path add up.
        """
        path = _printable(path)
        known = self.left.get(path)
        self.left[path] = LeftOut(path, why, size + (known.size_bytes if known else 0))

    def skips(self, folder: str) -> bool:
        """Return whether everything in a folder is skipped: it is a cache or a declared output."""
        return self._in_folder(folder) is None

    def ignores(self, path: str) -> bool:
        """Return whether a rule of code bundles excludes a file."""
        return bool(self._rule(path))

    def add(self, path: str, size: int, *, is_file: bool) -> Written | None:
        """Record a file, link or pipe that can be kept, or why it cannot.

        `is_file` marks a regular file. Return None if the file is not kept. Skipped files are not
        recorded.
        """
        if path.count("/") > MAX_DEPTH:
            self.leave(f"{path.rpartition('/')[0]}/", "too-many")
            return None
        ignored = self._rule(path)
        if ignored is None:
            return None
        try:
            plain = check_member_path(path)
        except Invalid:
            self.leave(path, "name", size)
            return None
        if not is_file:
            self.leave(plain, "link")
        elif ignored:
            self.leave(ignored, "ignored", size)
        # another name that is equal in NFC
        elif plain in self.places:
            self.leave(plain, "name", size)
        else:
            self.places[plain] = path
            self.written.append(Written(plain, size))
            return self.written[-1]
        return None

    def _in_folder(self, folder: str) -> str | None:
        if folder not in self._folders:
            self._folders[folder] = self._rule(folder)
        return self._folders[folder]

    def _rule(self, path: str) -> str | None:
        """Return the outermost excluded folder of a path, or the path itself if it is excluded.

        Return an empty text if bundles include it, None if it is skipped.
        """
        own = path.removesuffix("/")
        above, slash, _ = own.rpartition("/")
        outer = self._in_folder(above + slash)
        if outer is None or own in self._declared or is_cache(path):
            return None
        return outer or (path if is_ignored(path) else "")


def _printable(path: str) -> str:
    """Return a name that is safe to show: forbidden names are escaped."""
    try:
        # Files above the code folder are listed as `../name`, which is no valid member path.
        check_member_path(path.removesuffix("/").removeprefix("../"))
    except Invalid:
        return ascii(path)[1:-1][:SHOWN]
    return path


def within_caps(
    written: Iterable[Written], most_bytes: int, most_files: int
) -> tuple[list[Written], list[LeftOut]]:
    """Split files into those to keep and those beyond the limits.

    The smallest files are kept first. `most_bytes` and `most_files` limit all kept files together.
    """
    kept: list[Written] = []
    left: list[LeftOut] = []
    size = 0
    # The smallest come first, so that one large file does not displace many small ones.
    for file in sorted(written, key=lambda file: (file.size_bytes, file.path)):
        if size + file.size_bytes > most_bytes:
            left.append(LeftOut(file.path, "too-large", file.size_bytes))
        elif len(kept) >= most_files:
            left.append(LeftOut(file.path, "too-many", file.size_bytes))
        else:
            kept.append(file)
            size += file.size_bytes
    return kept, left


def summarize_files(
    digest: str, kept: Sequence[Written], left: Sequence[LeftOut]
) -> OtherFiles | None:
    """Return the record of the other files of a task.

    `digest` is that of the folder with the `kept` files. Return None if the task wrote no other
    files.
    """
    if not kept and not left:
        return None
    named = sorted(left, key=lambda file: file.path)[:NAMED]
    size = sum(file.size_bytes for file in kept)
    return OtherFiles(digest, len(kept), size, named, len(left) - len(named))


def merge_other_files(kept: OtherFiles | None, left: OtherFiles | None) -> OtherFiles | None:
    """Merge the record of files that stayed where the task ran.

    `kept` is the record of the task so far. In a container, the task could forge `left`, so its
    names and numbers are sanitised.
    """
    if left is None or not (left.left_out or left.more):
        return kept
    kept = kept or OtherFiles()
    there = [
        LeftOut(_printable(file.path), file.why, _count(file.size_bytes)) for file in left.left_out
    ]
    named = sorted([*kept.left_out, *there], key=lambda file: file.path)
    more = kept.more + _count(left.more) + len(named[NAMED:])
    return msgspec.structs.replace(kept, left_out=named[:NAMED], more=more)


def _count(number: int) -> int:
    return min(max(number, 0), MOST)
