"""Code bundles: the project folder of a notebook or script, under ignore rules and a size cap."""

import fnmatch
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbyard.blobs import Blobs
from nbyard.errors import TooLarge

MARKERS = (
    "nbyard.toml",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "environment.yml",
    ".git",
)
IGNORED = (
    ".*",
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
    for folder in path.parents:
        if folder in (Path.home(), Path(path.anchor)):
            return None
        if any((folder / marker).exists() for marker in MARKERS):
            return folder
        if folder == limit:
            return None
    return None


def collect(path: Path, root: Path, blobs: Blobs, cap: int) -> Bundle:
    """Store the bundle of the code at `path`.

    Without a project the bundle is the file's own folder, not the folders below it.

    Raises:
        TooLarge: naming the largest files, when there is more than `cap` bytes.
    """
    project = project_of(path, root)
    base = project or path.parent
    keep = _keeper(base, recurse=project is not None, always=path)
    sizes = _sizes(base, keep)
    if sum(sizes.values()) > cap:
        largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
        raise TooLarge(
            f"The code bundle of {path.name} has more than {cap:,} bytes; largest: "
            + ", ".join(f"{name} ({sizes[name]:,})" for name in largest),
            hint="List what the code does not need in a file .nbyardignore of the project folder.",
        )
    blob = blobs.put_folder(base, keep=keep)
    inside = path.relative_to(base).as_posix()
    return Bundle(blob.digest, inside, blob.size_bytes, len(sizes))


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


def _keeper(base: Path, *, recurse: bool, always: Path) -> Callable[[str], bool]:
    rules = [*IGNORED, *_rules(base)]
    own = always.relative_to(base).as_posix()

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
