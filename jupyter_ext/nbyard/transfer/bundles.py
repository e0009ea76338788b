"""Stores code as bundles: the folder of a notebook or script, within a size limit."""

import contextlib
import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from nbyard.blobs import Blobs, Tree
from nbyard.domain.environments.structs import LockedPackage
from nbyard.domain.ignore_rules import IGNORED, STORE_MARK, is_named, may_hold_secrets, rule_for
from nbyard.domain.models.structs import MLFLOW_FILE, MODEL_FILES
from nbyard.domain.naming.names import check_member_path
from nbyard.errors import Conflict, Invalid, NotFound, TooLarge
from nbyard.host.project_files import read_small
from nbyard.reasons.structs import Reason, because

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
OWN_RULES = IGNORE_FILES[1:]
LINKED_BYTES = 16 << 20  # larger files are staged as read-only links
MOST_NAMED, MOST_LINKS = 10, 5
# Files of a mirror that say what its other files do not show; no bundle has them.
MIRROR_MARK = ".nbyard-mirror"
LOOSE_FILES = 5_000  # a folder with more files is not that of one notebook


class Bundle(msgspec.Struct, frozen=True):
    """A stored folder of code. `file` is the path of the code in the folder."""

    digest: str
    file: str
    size_bytes: int
    count: int


class MirrorMark(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a mirror of a user's files does not show about a folder or code in it."""

    is_project: bool = False  # it is a project folder
    left_out: list[str] = []  # files that may hold secrets, which no mirror has
    files: list[str] | None = None  # members of the code's bundle if rules do not select them

    @classmethod
    def read(cls, folder: Path, code: str = "") -> "MirrorMark | None":
        """Return the mark of a folder, or of code in it, None without a mark."""
        name = f"{MIRROR_MARK}.{code}" if code else MIRROR_MARK
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(read_small(f"{folder}/{name}"), type=cls)
        return None


def project_of(path: Path, limit: Path) -> Path | None:
    """Return the nearest project folder of a file, not above the folder `limit`, or None.

    A home folder is never a project, nor is the root of the machine.
    """
    for folder in path.parents:
        # A marker file in a home folder, such as .git for dotfiles, must not bundle all of it.
        if folder in no_projects(path):
            return None
        if mark := MirrorMark.read(folder):
            return folder if mark.is_project else None
        if is_project(folder):
            return folder
        if folder == limit:
            return None
    return None


def no_projects(path: Path) -> tuple[Path, ...]:
    """Return the folders above a path that never count as a project, whatever they contain."""
    return (Path.home(), Path(path.anchor))


def is_project(folder: Path) -> bool:
    """Return whether a folder is a project, because it contains a marker file."""
    return any(os.path.exists(f"{folder}/{marker}") for marker in MARKERS)


class SecretFilter:
    """Leaves out files that may hold secrets, and lists them in `left_out`.

    Files pass if a line of .nbyardignore names them, such as `!certs/ca.pem`, or if they are among
    the `inputs`: paths of declared inputs that may hold secrets.
    """

    def __init__(self, folder: Path, inputs: Iterable[str] = ()):
        self.left_out: set[str] = set()
        self._inputs = [f"/{path}" for path in inputs]
        # A pattern such as !*.pem names no file.
        self._named = [
            rule[1:]
            for rule in ignore_rules(folder, OWN_RULES)
            if rule.startswith("!") and not set("*?[") & set(rule)
        ]

    def is_input(self, path: str) -> bool:
        """Return whether a path is one of the inputs, or a folder of one."""
        return is_named(path, self._inputs)

    def passes(self, path: str) -> bool:
        """Return whether a file or folder may be copied. Folder paths end in /."""
        if not may_hold_secrets(path) or is_named(path, [*self._inputs, *self._named]):
            return True
        # Half a character, as in names that are not UTF-8, cannot be stored.
        self.left_out.add(path.encode("utf-8", "replace").decode())
        return False


class Picked(msgspec.Struct, frozen=True):
    """The files of a bundle: those in the folder `base` that `keep` accepts."""

    base: Path
    file: str  # the code
    keep: Callable[[str], bool]
    secrets: SecretFilter
    is_whole: bool = False  # other code in the folder would get the same bundle
    is_part: bool = False  # more than rules select the files


class SharedBundles:
    """Reuses the bundle of other code in the same folder, so that it is stored once."""

    def __init__(self) -> None:
        self._of: dict[Path, tuple[Bundle, frozenset[str]]] = {}

    def same_bundle(self, path: Path, root: Path) -> Bundle | None:
        """Return the bundle for the code at `path`, if it was stored for other code already."""
        base = project_of(path, root) or path.parent
        bundle, names = self._of.get(base, (None, frozenset()))
        file = path.relative_to(base).as_posix()
        return msgspec.structs.replace(bundle, file=file) if bundle and file in names else None

    def keep(self, picked: Picked, bundle: Bundle, blobs: Blobs) -> None:
        """Record a bundle for other code in its folder, if all code there has the same one."""
        # Code that a rule ignores is in its own bundle only, which therefore fits no other code.
        if picked.is_whole and not rule_of(picked.base, picked.file):
            names = frozenset(entry.path for entry in blobs.tree(bundle.digest).files)
            self._of[picked.base] = bundle, names


def is_ignored(path: Path, root: Path, text: str) -> bool:
    """Return whether a rule leaves the file `text` out of the bundle of the code at `path`."""
    base = project_of(path, root) or path.parent
    place = names_below(base, os.path.normpath(path.parent.relative_to(base) / text))
    folders = [f"{folder}/" for folder in PurePosixPath(place).parents if folder.name]
    return bool(place) and any(rule_of(base, name) for name in (place, *folders))


def secret_inputs(path: Path, root: Path, inputs: Iterable[str]) -> list[str]:
    """Return which inputs of the code at `path` may hold secrets, as paths in its project."""
    named = [text for text in inputs if may_hold_secrets(text)]
    base = (project_of(path, root) if named else None) or path.parent
    below = path.parent.relative_to(base)
    places = (names_below(base, os.path.normpath(below / text)) for text in named)
    return [place for place in places if place]


def pick_files(  # noqa: PLR0913, PLR0917  the code, its limits, and what it names
    path: Path,
    root: Path,
    cap: int,
    named: Sequence[str] = (),
    mentioned: Callable[[], Iterable[str]] = list,
    fit: int = 0,
    inputs: Sequence[str] = (),
) -> Picked:
    """Choose the files for the bundle of the code at `path`.

    A project is bundled as a whole. Without a project, the file's folder is bundled if it has at
    most `fit` bytes (`cap` if `fit` is 0).

    A larger folder contributes the files beside the code, and paths that the code names. In a home
    folder, only small files beside the code count. `named` are paths that the code declares.
    `mentioned` returns paths in its text. They are included while they fit into `cap`, in a home
    folder into `fit`. Of files that may hold secrets, only the `inputs` are included, and those
    that .nbyardignore names.
    """
    project = project_of(path, root)
    base = project or path.parent
    inside = path.relative_to(base).as_posix()
    secrets = SecretFilter(base, inputs)
    whole = keeper(base, inside, secrets)
    is_shared = not inputs
    if project:
        return Picked(base, inside, whole, secrets, is_shared)
    if mark := MirrorMark.read(base, inside):
        members = {*(mark.files or ())}
        folders = (folder for member in members for folder in PurePosixPath(member).parents)
        members |= {f"{folder}/" for folder in folders}
        return Picked(base, inside, members.__contains__, secrets, is_part=True)
    if MirrorMark.read(base):
        return Picked(base, inside, whole, secrets, is_shared)
    whole = _readable(base, whole)
    fit = fit or cap
    is_home = base in no_projects(base)
    if not is_home and _size(base, whole, fit) is not None:
        return Picked(base, inside, whole, secrets, is_shared)
    left = fit if is_home else cap
    small = []
    for name in mentioned():
        size = _size_of(base, name, whole, left)
        if size is not None:
            small.append(name)
            left -= size
    most = LINKED_BYTES if is_home else math.inf
    parts = _rule_for_large_folder(base, whole, {*named, *small}, most)
    return Picked(base, inside, parts, secrets, is_part=True)


def store_bundle(picked: Picked, blobs: Blobs, cap: int) -> Bundle:
    """Store the picked files as blobs, and return the bundle.

    Raises:
        Conflict: A file was deleted meanwhile.
        TooLarge: The bundle has more than `cap` bytes. The message names the largest files.
    """
    name = picked.file.rpartition("/")[2] or picked.base.name
    picked.secrets.left_out.clear()  # those of the search for the files
    mark = MirrorMark.read(picked.base, picked.file if picked.is_part else "")
    for secret in mark.left_out if mark else ():
        picked.secrets.passes(secret)
    sizes = dict(_sizes(picked.base, picked.keep))
    check_cap(name, sizes, cap)
    try:
        left_out = picked.secrets.left_out
        blob = blobs.put_folder(picked.base, keep=picked.keep, left_out=left_out)
    # The folder is live: other programs may delete files while it is copied.
    except (FileNotFoundError, NotFound) as error:
        raise Conflict(
            f"A file or folder was removed while the code of {name} was collected: {error}",
            hint="Try again when no other program deletes files next to the code.",
        ) from error
    return Bundle(blob.digest, picked.file, blob.size_bytes, len(sizes))


def check_cap(name: str, sizes: dict[str, int], cap: int) -> None:
    """Check the size of the bundle of the code with this name.

    Raises:
        TooLarge: The bundle has more than `cap` bytes. The message names the largest files.
    """
    if sum(sizes.values()) > cap:
        raise TooLarge(
            f"The code bundle of {name} has more than {cap:,} bytes; largest:"
            f" {', '.join(map(str, _largest(sizes)))}",
            hint="List what the code does not need in a file .nbyardignore of the project folder.",
        )


def stage_bundle(blobs: Blobs, digest: str, target: Path) -> None:
    """Create a writable copy of a bundle for a task. Large files become read-only links."""
    blobs.stage(digest, target, writable=True, most_bytes=LINKED_BYTES)


def largest_files(tree: Tree, cap: int) -> tuple[Reason, ...]:
    """Return the largest files of a bundle of more than `cap` bytes, () for a smaller one."""
    sizes = {entry.path: entry.size_bytes for entry in tree.files}
    return tuple(_largest(sizes)) if sum(sizes.values()) > cap else ()


def names_below(folder: Path, text: str) -> str:
    """Return the normal form of a relative path if it names an entry of this folder, else "".

    A path that leaves the folder or leads through a link is not accepted.
    """
    if not text or os.path.isabs(text) or "\0" in text:
        return ""
    place = os.path.normpath(text)
    real = os.path.join(os.path.realpath(folder), place)
    is_there = place not in (".", "..") and not place.startswith("../") and os.path.exists(real)
    return Path(place).as_posix() if is_there and os.path.realpath(real) == real else ""


def secrets_left_out(names: Collection[str]) -> Reason | None:
    """Return a warning that names files which may hold secrets, None without such files."""
    if not names:
        return None
    return because("secrets-left-out", count=len(names), names=sorted(names)[:MOST_NAMED])


def links_warning(path: Path, root: Path) -> Reason | None:
    """Return a warning that names links which are not copied with the code, None without links."""
    links = links_left_out(path, root)
    if not links:
        return None
    code = "more-links-stay" if len(links) > MOST_LINKS else "links-stay"
    return because(code, names=links[:MOST_LINKS])


def links_left_out(path: Path, root: Path) -> list[str]:
    """List the links that a bundle leaves out, beside the code and at the project's top.

    Names with control characters, which no bundle can have, count as links.
    """
    base = project_of(path, root) or path.parent
    left_out, rules = [], _rules(base)
    for folder in dict.fromkeys((base, path.parent)):
        prefix = folder.relative_to(base).as_posix()
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            links = sorted(e.name for e in entries if e.is_symlink() or not _is_storable(e.name))
            left_out += [name if prefix == "." else f"{prefix}/{name}" for name in links]
    own = path.relative_to(base).as_posix()
    shown = [name for name in left_out if name != own and not rule_for(name, rules)]
    # Half a character, as in names that are not UTF-8, cannot be stored.
    return [name.encode("utf-8", "replace").decode() for name in shown]


def collect_folder(folder: Path, blobs: Blobs, cap: int) -> str:
    """Store a folder as blobs, with ignore rules. Return its digest.

    Raises:
        TooLarge: The folder has more than `cap` bytes.
    """
    secrets = SecretFilter(folder)
    picked = Picked(folder, "", keeper(folder, "", secrets), secrets)
    return store_bundle(picked, blobs, cap).digest


def with_trees(packages: Iterable[LockedPackage], blobs: Blobs, cap: int) -> list[LockedPackage]:
    """Store the folders of packages that are installed in place.

    Return all packages with digests. The digest of a missing folder is empty.

    Raises:
        TooLarge: A folder has more than `cap` bytes.
    """
    trees = []
    for package in packages:
        if not package.folder:
            trees.append(package)
            continue
        folder = Path(package.folder.removeprefix("file://"))
        tree = collect_folder(folder, blobs, cap) if folder.is_dir() else ""
        trees.append(msgspec.structs.replace(package, tree=tree))
    return trees


def _largest(sizes: dict[str, int]) -> list[Reason]:
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    return [because("file-of-size", name=name, size=sizes[name]) for name in largest]


def keeper(base: Path, own: str, secrets: SecretFilter) -> Callable[[str], bool]:
    """Return the function that selects files by rules. `own` is a path that it always selects."""
    rules = _rules(base)

    def keep(name: str) -> bool:
        if name == own or (name.endswith("/") and own.startswith(name)):
            return True
        # A rule of the project, such as !.*, may include hidden files.
        if name.rpartition("/")[2].startswith(MIRROR_MARK):
            return False
        place = base / name
        # A link could lead out of the project, and devices or FIFOs would block.
        if place.is_symlink() or not (place.is_dir() if name.endswith("/") else place.is_file()):
            return False
        if not _is_storable(name):
            return False
        # A store inside the project would bundle all earlier results.
        if name.endswith("/") and (place / STORE_MARK).exists():
            return False
        return (not rule_for(name, rules) or secrets.is_input(name)) and secrets.passes(name)

    return keep


def _readable(base: Path, keep: Callable[[str], bool]) -> Callable[[str], bool]:
    """Return a function like `keep` that also rejects files that cannot be read."""

    def readable(name: str) -> bool:
        try:
            mode = os.R_OK | os.X_OK if name.endswith("/") else os.R_OK
            return os.access(base / name, mode) and keep(name)
        except OSError:
            return False

    return readable


def _is_storable(name: str) -> bool:
    """Return whether stored folders can have a path; folder paths may end in /."""
    try:
        return bool(check_member_path(name.removesuffix("/")))
    except Invalid:
        return False


def _size_of(base: Path, name: str, keep: Callable[[str], bool], most: int) -> int | None:
    """Return the size of a file or folder in `base`, None if it exceeds `most` bytes."""
    place = base / name
    if place.is_dir():
        return _size(place, lambda inside: keep(f"{name}/{inside}"), most)
    size = place.stat().st_size
    return size if size <= most else None


def _size(base: Path, keep: Callable[[str], bool], most: int) -> int | None:
    size = 0
    for count, (_, file_size) in enumerate(_sizes(base, keep), 1):
        size += file_size
        # Stop early: a home folder may hold millions of files.
        if size > most or count > LOOSE_FILES:
            return None
    return size


def _rule_for_large_folder(
    base: Path, whole: Callable[[str], bool], named: Collection[str], most: float
) -> Callable[[str], bool]:
    def keep(name: str) -> bool:
        for named_path in named:
            if name.endswith("/") and f"{named_path}/".startswith(name):
                return True
            if name == named_path or name.startswith(f"{named_path}/"):
                return whole(name)
        is_beside = "/" not in name and whole(name)
        return is_beside and os.stat(f"{base}/{name}").st_size <= most

    return keep


def rule_of(base: Path, name: str) -> str:
    """Return the ignore rule that excludes a file or folder, "" if none does.

    The name of a folder ends in /.
    """
    return rule_for(name, _rules(base))


def _rules(base: Path) -> list[str]:
    return [*IGNORED, *ignore_rules(base)]


def ignore_rules(base: Path, names: Iterable[str] = IGNORE_FILES) -> list[str]:
    """Return the rules of the ignore files in a folder."""
    lines: list[str] = []
    for name in names:
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
