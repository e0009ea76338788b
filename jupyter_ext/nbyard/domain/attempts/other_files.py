"""Other files: what work wrote into its copy of the code beside its declared outputs."""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

from nbyard.domain.ignore_rules import is_cache, is_ignored
from nbyard.domain.names import check_member_path
from nbyard.errors import Invalid

NAMED = 100  # files that were left out, by their names; of more only the number is kept
MOST_SEEN = 100_000  # entries of folders; who writes more keeps the first ones
MAX_DEPTH = 64
MOST = 2**53  # that a browser counts to
SHOWN = 200  # characters of a name that may not be used

Why = Literal[
    "too-large", "too-many", "no-room", "ignored", "link", "name", "secret", "unreadable", "above"
]


class LeftOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file, or a folder whose path ends in `/`, that was written and not kept.

    `too-large`: the attempt wrote more bytes than are kept. `too-many`: it wrote more files.
    `no-room`: the disk of the store was full. `ignored`: a rule of code bundles leaves it out.
    `link`: it is a link, or no ordinary file. `name`: its name may not be used elsewhere; the
    path shows it with escapes. `secret`: it holds a credential of the run. `unreadable`: it could
    not be read, or changed while it was read. `above`: it lies above the folder of the code, which
    is known in processes of the store's machine.
    """

    path: str
    why: Why
    size_bytes: int = 0


class OtherFiles(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files that work wrote and that are no declared outputs: `count` of them are kept as the
    folder `digest`. `left_out` names up to 100 that are not kept; `more` is how many others."""

    digest: str = ""
    count: int = 0
    size_bytes: int = 0
    left_out: list[LeftOut] = []
    more: int = 0


class OtherFile(msgspec.Struct, frozen=True):
    """One that is kept; `path` is relative to the folder of the code."""

    path: str
    digest: str
    size_bytes: int


class OtherFileList(msgspec.Struct, frozen=True):
    """The other files of a task. `folder` is where its code lies on the machine of the store, empty
    where that is not known: there the files would lie, had the code run in its own folder."""

    files: list[OtherFile]
    left_out: list[LeftOut]
    more: int
    folder: str = ""


class Written(NamedTuple):
    """A file that could be kept."""

    path: str
    size_bytes: int


class FileFilter:
    """Decides of each file that work wrote whether it could be kept, wherever the file was found.

    Paths are relative to the folder of the code; those of folders end in `/`. `written` could be
    kept, `left` not; `places` are the paths of files as they are there.
    """

    def __init__(self, declared: Collection[str]) -> None:
        self.written: list[Written] = []
        self.left: dict[str, LeftOut] = {}
        self.places: dict[str, str] = {}
        self._declared = declared
        self._folders: dict[str, str | None] = {"": ""}

    def leave(self, path: str, why: Why, size: int = 0) -> None:
        """Note what is not kept; of a folder all of it is one."""
        path = _printable(path)
        known = self.left.get(path)
        self.left[path] = LeftOut(path, why, size + (known.size_bytes if known else 0))

    def skips(self, folder: str) -> bool:
        """Return whether nothing in it counts: it is a cache, or a declared output."""
        return self._in_folder(folder) is None

    def ignores(self, path: str) -> bool:
        """Return whether bundles leave out a file, unless it is the code itself."""
        return bool(self._rule(path))

    def add(self, path: str, size: int, *, is_file: bool) -> Written | None:
        """Decide on a file, or on a link or pipe; None where it is not kept."""
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
        """Return the outermost folder around it that bundles leave out, or itself; None where it
        does not count."""
        own = path.removesuffix("/")
        above, slash, _ = own.rpartition("/")
        outer = self._in_folder(above + slash)
        if outer is None or own in self._declared or is_cache(path):
            return None
        return outer or (path if is_ignored(path) else "")


def _printable(path: str) -> str:
    """Return a name that people can see: escaped where it could do harm."""
    try:
        check_member_path(path.removesuffix("/").removeprefix("../"))
    except Invalid:
        return ascii(path)[1:-1][:SHOWN]
    return path


def within_caps(
    written: Iterable[Written], most_bytes: int, most_files: int
) -> tuple[list[Written], list[LeftOut]]:
    """Split files into those to keep and those beyond the caps; the smallest are kept first."""
    kept: list[Written] = []
    left: list[LeftOut] = []
    size = 0
    for one in sorted(written, key=lambda one: (one.size_bytes, one.path)):
        if size + one.size_bytes > most_bytes:
            left.append(LeftOut(one.path, "too-large", one.size_bytes))
        elif len(kept) >= most_files:
            left.append(LeftOut(one.path, "too-many", one.size_bytes))
        else:
            kept.append(one)
            size += one.size_bytes
    return kept, left


def summary(digest: str, kept: Sequence[Written], left: Sequence[LeftOut]) -> OtherFiles | None:
    """Return what is recorded of a task; None where its work wrote nothing else."""
    if not kept and not left:
        return None
    named = sorted(left, key=lambda one: one.path)[:NAMED]
    size = sum(one.size_bytes for one in kept)
    return OtherFiles(digest, len(kept), size, named, len(left) - len(named))


def merged(kept: OtherFiles | None, left: OtherFiles | None) -> OtherFiles | None:
    """Add files that stayed where the work was done to what is recorded of a task. The work itself
    may have named them, in a container."""
    if left is None or not (left.left_out or left.more):
        return kept
    kept = kept or OtherFiles()
    there = [
        LeftOut(_printable(one.path), one.why, _count(one.size_bytes)) for one in left.left_out
    ]
    named = sorted([*kept.left_out, *there], key=lambda one: one.path)
    more = kept.more + _count(left.more) + len(named[NAMED:])
    return msgspec.structs.replace(kept, left_out=named[:NAMED], more=more)


def _count(number: int) -> int:
    return min(max(number, 0), MOST)
