"""Code bundles: the folder of a notebook or script, under ignore rules and a size cap."""

import contextlib
import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from nbyard.blobs import Blob, Blobs, Tree
from nbyard.domain.environments.structs import LockedPackage
from nbyard.domain.ignore_rules import IGNORED, STORE_MARK, rule_for
from nbyard.domain.models.structs import MLFLOW_FILE, MODEL_FILES
from nbyard.errors import Conflict, NotFound, TooLarge

MARKERS = (
    "nbyard.toml",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "environment.yml",
    "Dockerfile",
    ".git",
    *MODEL_FILES,
    MLFLOW_FILE,
)
IGNORE_FILES = (".gitignore", ".nbyardignore")
LINKED_BYTES = 16 << 20  # larger files can only be read in an attempt, and need not be copied
LOOSE_FILES = 5_000  # more of them are no folder of one notebook


class Bundle(msgspec.Struct, frozen=True):
    """A stored project folder; `file` is where the code itself lies in it."""

    digest: str
    file: str
    size_bytes: int
    count: int


def project_of(path: Path, limit: Path) -> Path | None:
    """The nearest folder at or above the file's own that marks a project, not above `limit`.

    A home folder is no project, whatever lies in it, nor is the root of the machine.
    """
    for folder in path.parents:
        if folder in no_projects(path):
            return None
        if is_project(folder):
            return folder
        if folder == limit:
            return None
    return None


def no_projects(path: Path) -> tuple[Path, ...]:
    """Return the folders above a path that are no project, whatever lies in them."""
    return (Path.home(), Path(path.anchor))


def is_project(folder: Path) -> bool:
    """Whether a file in the folder marks it as a project."""
    return any(os.path.exists(f"{folder}/{marker}") for marker in MARKERS)


class Picked(msgspec.Struct, frozen=True):
    """What of the folder `base` belongs to the code in `file`."""

    base: Path
    file: str
    keep: Callable[[str], bool]


def pick(
    path: Path,
    root: Path,
    cap: int,
    named: Sequence[str] = (),
    mentioned: Callable[[], Iterable[str]] = list,
    fit: int = 0,
) -> Picked:
    """Choose what travels with the code at `path`.

    Of a project that is all. Without one it is the file's own folder where that has at most `fit`
    bytes (`cap` where that is 0); else the files beside it, in a home folder the small ones, and
    what the code names: `named` are paths that it declares, `mentioned` those that stand in its
    text, as many as `cap` has room for, in a home folder `fit`.
    """
    project = project_of(path, root)
    base = project or path.parent
    inside = path.relative_to(base).as_posix()
    whole = _keeper(base, inside)
    if project:
        return Picked(base, inside, whole)
    whole = _readable(base, whole)
    fit = fit or cap
    is_home = base in no_projects(base)
    if not is_home and _size(base, whole, fit) is not None:
        return Picked(base, inside, whole)
    left = fit if is_home else cap
    small = []
    for one in mentioned():
        size = _size_of(base, one, whole, left)
        if size is not None:
            small.append(one)
            left -= size
    most = LINKED_BYTES if is_home else math.inf
    return Picked(base, inside, _of_large_folder(base, whole, {*named, *small}, most))


def collect(picked: Picked, blobs: Blobs, cap: int) -> Bundle:
    """Store a bundle.

    Raises:
        TooLarge: naming the largest files, when there is more than `cap` bytes.
    """
    name = picked.file.rpartition("/")[2]
    blob, count = _stored(picked.base, picked.keep, blobs, cap, name)
    return Bundle(blob.digest, picked.file, blob.size_bytes, count)


def stage(blobs: Blobs, digest: str, target: Path) -> None:
    """Make a copy that work may write to, but for large files."""
    blobs.stage(digest, target, writable=True, most_bytes=LINKED_BYTES)


def excess(tree: Tree, cap: int) -> str:
    """Return what is largest in a bundle of more than `cap` bytes; nothing for a smaller one."""
    sizes = {entry.path: entry.size_bytes for entry in tree.files}
    return _largest(sizes) if sum(sizes.values()) > cap else ""


def names_below(folder: Path, text: str) -> str:
    """The relative path in its plain form when it names something in this folder, which no link
    leads to; else empty."""
    if not text or os.path.isabs(text) or "\0" in text:
        return ""
    place = os.path.normpath(text)
    real = os.path.join(os.path.realpath(folder), place)
    is_there = place not in (".", "..") and not place.startswith("../") and os.path.exists(real)
    return Path(place).as_posix() if is_there and os.path.realpath(real) == real else ""


def links_left_out(path: Path, root: Path) -> list[str]:
    """Name the links beside the code and at the top of its project, none of which a bundle has."""
    base = project_of(path, root) or path.parent
    found, rules = [], _rules(base)
    for folder in dict.fromkeys((base, path.parent)):
        prefix = folder.relative_to(base).as_posix()
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            links = sorted(one.name for one in entries if one.is_symlink())
            found += [name if prefix == "." else f"{prefix}/{name}" for name in links]
    own = path.relative_to(base).as_posix()
    return [name for name in found if name != own and not rule_for(name, rules)]


def collect_folder(folder: Path, blobs: Blobs, cap: int) -> str:
    """Store a folder under the same rules; its digest. Raises TooLarge."""
    blob, _ = _stored(folder, _keeper(folder, ""), blobs, cap, folder.name)
    return blob.digest


def with_trees(packages: Iterable[LockedPackage], blobs: Blobs, cap: int) -> list[LockedPackage]:
    """With what lies now in the folders that they are used in, which is stored; with no digest
    where such a folder is gone. Raises TooLarge."""
    return [
        msgspec.structs.replace(
            one, tree=_tree(Path(one.folder.removeprefix("file://")), blobs, cap)
        )
        if one.folder
        else one
        for one in packages
    ]


def _tree(folder: Path, blobs: Blobs, cap: int) -> str:
    return collect_folder(folder, blobs, cap) if folder.is_dir() else ""


def _stored(
    base: Path, keep: Callable[[str], bool], blobs: Blobs, cap: int, name: str
) -> tuple[Blob, int]:
    sizes = dict(_sizes(base, keep))
    if sum(sizes.values()) > cap:
        raise TooLarge(
            f"The code bundle of {name} has more than {cap:,} bytes; largest: {_largest(sizes)}",
            hint="List what the code does not need in a file .nbyardignore of the project folder.",
        )
    try:
        return blobs.put_folder(base, keep=keep), len(sizes)
    except (FileNotFoundError, NotFound) as error:
        raise Conflict(
            f"A file or folder was removed while the code of {name} was collected: {error}",
            hint="Try again when nothing removes files beside the code.",
        ) from error


def _largest(sizes: dict[str, int]) -> str:
    largest = sorted(sizes, key=lambda one: -sizes[one])[:3]
    return ", ".join(f"{one} ({sizes[one]:,})" for one in largest)


def _keeper(base: Path, own: str) -> Callable[[str], bool]:
    rules = _rules(base)

    def keep(name: str) -> bool:
        if name == own or (name.endswith("/") and own.startswith(name)):
            return True
        place = base / name
        if place.is_symlink() or not (place.is_dir() if name.endswith("/") else place.is_file()):
            return False
        if name.endswith("/") and (place / STORE_MARK).exists():
            return False
        return not rule_for(name, rules)

    return keep


def _readable(base: Path, keep: Callable[[str], bool]) -> Callable[[str], bool]:
    """A folder that is no project may hold anything: what cannot be read or named stays behind."""

    def readable(name: str) -> bool:
        try:
            name.encode()
            mode = os.R_OK | os.X_OK if name.endswith("/") else os.R_OK
            return os.access(base / name, mode) and keep(name)
        except (OSError, UnicodeEncodeError):
            return False

    return readable


def _size_of(base: Path, name: str, keep: Callable[[str], bool], most: int) -> int | None:
    """Return the bytes of a file or folder of the base; None where these are more than `most`."""
    place = base / name
    if place.is_dir():
        return _size(place, lambda inside: keep(f"{name}/{inside}"), most)
    size = place.stat().st_size
    return size if size <= most else None


def _size(base: Path, keep: Callable[[str], bool], most: int) -> int | None:
    size = 0
    for count, (_, one) in enumerate(_sizes(base, keep), 1):
        size += one
        if size > most or count > LOOSE_FILES:
            return None
    return size


def _of_large_folder(
    base: Path, whole: Callable[[str], bool], named: Collection[str], most: float
) -> Callable[[str], bool]:
    def keep(name: str) -> bool:
        for one in named:
            if name.endswith("/") and f"{one}/".startswith(name):
                return True
            if name == one or name.startswith(f"{one}/"):
                return whole(name)
        is_beside = "/" not in name and whole(name)
        return is_beside and os.stat(f"{base}/{name}").st_size <= most

    return keep


def rule_of(base: Path, name: str) -> str:
    """Return the rule that leaves a file, or a folder (its name ends in /), out of bundles; nothing
    where none does."""
    return rule_for(name, _rules(base))


def _rules(base: Path) -> list[str]:
    lines = [*IGNORED]
    for name in IGNORE_FILES:
        if (base / name).is_file():
            lines += (base / name).read_text(errors="replace").splitlines()
    rules = [line.strip() for line in lines]
    return [rule for rule in rules if rule and not rule.startswith("#")]


def _sizes(base: Path, keep: Callable[[str], bool]) -> Iterator[tuple[str, int]]:
    for folder, subfolders, names in os.walk(base):
        inside = os.path.relpath(folder, base)
        prefix = "" if inside == "." else f"{inside}/"
        subfolders[:] = sorted(name for name in subfolders if keep(f"{prefix}{name}/"))
        for name in names:
            if keep(prefix + name):
                yield prefix + name, os.stat(os.path.join(folder, name)).st_size
