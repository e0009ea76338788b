"""Code bundles: the project folder of a notebook or script, under ignore rules and a size cap."""

import fnmatch
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from nbyard.blobs import Blob, Blobs
from nbyard.domain.environments import LockedPackage
from nbyard.domain.models import MLFLOW_FILE, MODEL_FILES
from nbyard.errors import TooLarge

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
IGNORED = (
    ".*",
    "!.dockerignore",
    "__pycache__",
    "*.pyc",
    "node_modules",
    "*.egg-info",
    "venv",
    "resources",
    "build",
    "dist",
    "*.nbflow",  # each of its nodes would get a copy of the whole
)
IGNORE_FILES = (".gitignore", ".nbyardignore")


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
    beyond = (Path.home(), Path(path.anchor))
    for folder in path.parents:
        if folder in beyond:
            return None
        if any(os.path.exists(f"{folder}/{marker}") for marker in MARKERS):
            return folder
        if folder == limit:
            return None
    return None


def collect(path: Path, root: Path, blobs: Blobs, cap: int, named: Sequence[str] = ()) -> Bundle:
    """Store the bundle of the code at `path`.

    Without a project the bundle is the file's own folder, and of the folders below it only what
    the code names (`named`: paths that `names_below` lets through).

    Raises:
        TooLarge: naming the largest files, when there is more than `cap` bytes.
    """
    project = project_of(path, root)
    base = project or path.parent
    inside = path.relative_to(base).as_posix()
    keep = _keeper(base, True, inside) if project else _of_plain_folder(base, inside, named)
    blob, count = _stored(base, keep, blobs, cap, path.name)
    return Bundle(blob.digest, inside, blob.size_bytes, count)


def names_below(folder: Path, text: str) -> str:
    """The relative path in its plain form when it names something in this folder, which no link
    leads to; else empty."""
    if not text or os.path.isabs(text) or "\0" in text:
        return ""
    place = os.path.normpath(text)
    real = os.path.join(os.path.realpath(folder), place)
    is_there = place not in (".", "..") and not place.startswith("../") and os.path.exists(real)
    return Path(place).as_posix() if is_there and os.path.realpath(real) == real else ""


def collect_folder(folder: Path, blobs: Blobs, cap: int) -> str:
    """Store a folder under the same rules; its digest. Raises TooLarge."""
    blob, _ = _stored(folder, _keeper(folder, True, ""), blobs, cap, folder.name)
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
    sizes = _sizes(base, keep)
    if sum(sizes.values()) > cap:
        largest = sorted(sizes, key=lambda one: -sizes[one])[:3]
        raise TooLarge(
            f"The code bundle of {name} has more than {cap:,} bytes; largest: "
            + ", ".join(f"{one} ({sizes[one]:,})" for one in largest),
            hint="List what the code does not need in a file .nbyardignore of the project folder.",
        )
    return blobs.put_folder(base, keep=keep), len(sizes)


def matters(file: str, own: str, text: str) -> bool:
    """Whether another file of the bundle counts in the cache key of the code in `own`. Other
    notebooks, documents and prose count only where the code's `text` names them."""
    if file == own:
        return False
    name = file.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    if suffix not in ("ipynb", "nbflow", "nbexec", "md", "rst"):
        return True
    return name in text or (suffix == "ipynb" and f"%run {stem}" in text)


def _keeper(base: Path, recurse: bool, own: str) -> Callable[[str], bool]:
    rules = [*IGNORED, *_rules(base)]

    def keep(name: str) -> bool:
        if name == own or (name.endswith("/") and own.startswith(name)):
            return True
        place = base / name
        if place.is_symlink() or not (place.is_dir() if name.endswith("/") else place.is_file()):
            return False
        if name.endswith("/") and not recurse:
            return False
        return not _ignored(name, rules)

    return keep


def _of_plain_folder(base: Path, own: str, named: Sequence[str]) -> Callable[[str], bool]:
    flat, whole = _keeper(base, False, own), _keeper(base, True, own)

    def keep(name: str) -> bool:
        for one in named:
            if name.endswith("/") and f"{one}/".startswith(name):
                return True
            if name == one or name.startswith(f"{one}/"):
                return whole(name)
        return "/" not in name and flat(name)

    return keep


def _rules(base: Path) -> list[str]:
    lines: list[str] = []
    for name in IGNORE_FILES:
        if (base / name).is_file():
            lines += (base / name).read_text(errors="replace").splitlines()
    rules = [line.strip() for line in lines]
    return [rule for rule in rules if rule and not rule.startswith("#")]


def _ignored(name: str, rules: list[str]) -> bool:
    """Gitignore's rules for names and paths: the last one that fits decides, `!` takes back."""
    ignored = False
    for rule in rules:
        if _fits(name, rule.removeprefix("!")):
            ignored = not rule.startswith("!")
    return ignored


def _fits(name: str, pattern: str) -> bool:
    if pattern.endswith("/") and not name.endswith("/"):
        return False
    parts = name.rstrip("/").split("/")
    if "/" in pattern.rstrip("/"):
        return _path_fits(parts, pattern.strip("/").split("/"))
    return fnmatch.fnmatchcase(parts[-1], pattern.rstrip("/"))


def _path_fits(parts: list[str], patterns: list[str]) -> bool:
    if not parts or not patterns:
        return not parts and all(pattern == "**" for pattern in patterns)
    if patterns[0] == "**":
        return _path_fits(parts, patterns[1:]) or _path_fits(parts[1:], patterns)
    return fnmatch.fnmatchcase(parts[0], patterns[0]) and _path_fits(parts[1:], patterns[1:])


def _sizes(base: Path, keep: Callable[[str], bool]) -> dict[str, int]:
    sizes = {}
    for folder, subfolders, names in os.walk(base):
        inside = os.path.relpath(folder, base)
        prefix = "" if inside == "." else f"{inside}/"
        subfolders[:] = sorted(name for name in subfolders if keep(f"{prefix}{name}/"))
        for name in names:
            if keep(prefix + name):
                sizes[prefix + name] = os.stat(os.path.join(folder, name)).st_size
    return sizes
