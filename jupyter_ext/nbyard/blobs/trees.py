"""Stored folders (trees): lists of files with their digests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from nbyard.domain.digest import DIGEST
from nbyard.domain.naming.names import check_member_path
from nbyard.errors import Invalid, TooLarge
from nbyard.host.safe_open import open_ordinary

MAX_FILES = 100_000
MAX_DEPTH = 64


def place_of(digest: str) -> str:
    """Return the path of a blob below the store's folder.

    Raises:
        Invalid: the text is not a digest.
    """
    match = DIGEST.match(digest)
    if not match:
        raise Invalid.field("digest", f"'{digest[:100]}' is not a digest")
    algorithm, text = match.groups()
    return f"{algorithm}/{text[:2]}/{text[2:]}"


class TreeEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file in a stored folder.

    `declared` marks a file that holds secrets by its name, and that a user passed on purpose.
    """

    path: str
    digest: str
    size_bytes: int
    executable: bool = False
    declared: bool = False


class Tree(msgspec.Struct, frozen=True):
    """A stored folder. `folders` are only its empty folders; paths of files imply the others.

    `left_out` are files that may hold secrets, which are not stored.
    """

    files: list[TreeEntry]
    folders: list[str] = []
    version: int = 1
    left_out: list[str] = []


class FolderMember(msgspec.Struct, frozen=True):
    """A file or an empty folder on disk; `name` is relative to the open folder `fd`."""

    path: str
    name: str
    fd: int
    is_folder: bool = False


def encode_tree(tree: Tree) -> bytes:
    """Return the canonical encoding of a tree; its hash is the digest of the folder.

    Raises:
        Invalid: a folder is listed twice.
    """
    files = [
        msgspec.structs.replace(entry, path=check_member_path(entry.path)) for entry in tree.files
    ]
    folders = [check_member_path(folder) for folder in tree.folders]
    if len({*(entry.path for entry in files), *folders}) < len(files) + len(folders):
        raise Invalid.field("path", "two files of the folder have the same name")
    files.sort(key=lambda entry: entry.path)
    whole = Tree(files, sorted(folders), left_out=sorted({*tree.left_out}))
    return msgspec.json.encode(whole, order="deterministic")


def folder_members(path: Path, keep: Callable[[str], bool] | None = None) -> Iterator[FolderMember]:
    """Yield the files and empty folders of a folder.

    `keep` is called with each relative path, with a trailing / for a folder, and returns False to
    skip it. Links and special files are refused unless `keep` skips them.

    Raises:
        TooLarge: the folder is too deep, or has too many files.
    """

    def fail(problem: OSError) -> None:
        raise problem

    # Opening it refuses links and special files.
    os.close(open_ordinary(path))
    count = 0
    for folder, subfolders, names, fd in os.fwalk(path, onerror=fail):
        inside = os.path.relpath(folder, path)
        if inside.count("/") >= MAX_DEPTH:
            raise TooLarge(f"folders may be nested at most {MAX_DEPTH} levels deep")
        prefix = "" if inside == "." else f"{inside}/"
        subfolders[:] = [name for name in subfolders if not keep or keep(f"{prefix}{name}/")]
        for name in subfolders:
            # os.fwalk lists a link to a folder as a subfolder. Opening it refuses the link.
            os.close(open_ordinary(name, dir_fd=fd))
        if prefix and not subfolders and not names:
            yield FolderMember(inside, "", fd, is_folder=True)
        for name in names:
            if not keep or keep(prefix + name):
                count += 1
                yield FolderMember(prefix + name, name, fd)
        if count > MAX_FILES:
            raise TooLarge(f"a folder may have at most {MAX_FILES:,} files")
