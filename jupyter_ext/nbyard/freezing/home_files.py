"""Keeps a shared service's mirror of a user's files up to date, from the user's own server."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.blobs.file_operations import closing, hash_file, is_settled
from nbyard.blobs.trees import folder_members
from nbyard.domain.executables.nbexec_files import description_file
from nbyard.domain.file_formats import holds_data, is_data
from nbyard.domain.ignore_rules import is_cache, may_hold_secrets
from nbyard.domain.naming.names import check_folder_path
from nbyard.domain.projects.homes import HomeFile, HomeUpdate
from nbyard.errors import Busy, Conflict, Invalid, NbyardError, NotFound, TooLarge
from nbyard.freezing.executable_versions import Freezer
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.host.project_files import DOCUMENT, MAX_DOCUMENT, file_of, replace_atomically
from nbyard.host.safe_open import open_regular
from nbyard.settings import Settings
from nbyard.transfer import bundles
from nbyard.transfer.bundles import MIRROR_MARK, MirrorMark, Picked, SecretFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from nbyard.domain.arguments.structs import Argument
    from nbyard.freezing.executable_versions import Code
    from nbyard.host.project_files import ProjectFiles

TRIES = 5
SECONDS = 0.2  # between two tries
PIECE = 8 << 20
MOST_LISTED = 5_000
MOST_READ = 100  # codes whose arguments are remembered
Stamp = tuple[int, ...]


class Selection:
    """What an update brings: `files` for the mirror, and paths that are `gone`, if it has them.

    `marks` has the bytes of marks by path. `bases` are folders whose files are all selected, with
    whether the folder is a project.
    """

    def __init__(self) -> None:
        self.files: dict[str, HomeFile] = {}
        self.marks: dict[str, bytes] = {}
        self.bases: dict[str, bool] = {}
        self.gone: set[str] = set()

    def mark(self, path: str, mark: MirrorMark) -> None:
        """Add the mark of a folder, or of code in it."""
        content = self.marks[path] = msgspec.json.encode(mark)
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.files[path] = HomeFile(path, len(content), digest)


class HomeFiles:
    """The files of a user's server that the mirror of a shared service has, or should have.

    `connection` has the nouns of `nbyard.client.Client`. Threads may call all methods. Nothing else
    may be sent between `send` and `take_back` around an operation that writes files.
    """

    def __init__(self, files: ProjectFiles, connection: Any, settings: Settings | None = None):
        self._lock = threading.RLock()
        self._files, self._connection = files, connection
        self._settings = settings or Settings()
        nothing: Any = None  # the freezer only reads files
        self._freezer = Freezer(FreezingContext(self._settings, nothing, nothing, files))
        # None: unknown, because no listing came yet, or an answer was lost.
        self._mirror: dict[str, HomeFile] | None = None
        self._revision = 0
        self._digests: dict[str, tuple[Stamp, str]] = {}
        self._read: dict[Path, tuple[list[Stamp], Code, list[Argument]]] = {}

    def send(self, texts: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Send the files that these texts of a request name, if the mirror lacks them.

        Code brings the files of its bundle, a workflow also those that its nodes name. `folders`
        are sent without their files: operations write to them.

        Raises:
            TooLarge: A code bundle is too large.
            Conflict: Files cannot be read, or changed repeatedly while they were sent.
        """
        asked = {text: real for text in texts if (real := self._located(text))}
        targets = [real for text in folders if (real := self._located(text))]

        def select(known: Mapping[str, HomeFile]) -> Selection:
            selected = self._selected(asked, known)
            for folder in targets:
                if folder.is_dir() and folder != self._files.root:
                    self._add(selected, f"{self._inside(folder)}/")
            return selected

        with self._lock:
            self._update(select)

    def send_listed(self, *suffixes: str) -> None:
        """Send all files with these suffixes, up to a number and size, if the mirror lacks them.

        Operations that search for files need them, such as `workflows.unrun`.
        """

        def select(known: Mapping[str, HomeFile]) -> Selection:
            selected, left = Selection(), self._settings.max_bundle_bytes
            selected.gone = {p for p in known if p.endswith(suffixes) and self._is_gone(p)}
            for real in self._files.with_suffix(suffixes):
                file = self._may_leave(real) and self._add(selected, self._inside(real))
                left -= file.size_bytes if file else 0
                if left < 0 or len(selected.files) > MOST_LISTED:
                    break
            return selected

        with self._lock:
            self._update(select)

    def take_back(self) -> list[str]:
        """Write what operations wrote in the mirror to the user's files. Return the paths.

        Raises:
            Conflict: A file changed meanwhile. It stays, and the other files are written.
        """

        def select(known: dict[str, HomeFile]) -> Selection:
            selected = Selection()
            for path in paths:
                if not self._add(selected, path):
                    known.setdefault(path, HomeFile(path))
                    selected.gone.add(path)
            return selected

        with self._lock:
            changes = self._connection.home.changes()
            paths, clashes = [change.path for change in changes], []
            for change in changes:
                here = self._file(change.path)
                digest = here.digest if here else ""
                may_write = digest == change.was and self._write(change.path, change.digest)
                if digest != change.digest and not may_write:
                    clashes.append(change.path)
            if changes:
                self._update(select)
        if clashes:
            raise Conflict(
                f"{', '.join(clashes[:10])} changed while nbyard wrote to it. Your version stays.",
                hint="Save the file, and repeat the action.",
            )
        return paths

    def _update(self, select: Callable[[dict[str, HomeFile]], Selection]) -> None:
        """Send the selected files that the mirror lacks, without a request if it has all."""
        for left in reversed(range(TRIES)):
            try:
                if self._mirror is None:
                    home = self._connection.home.get()
                    self._revision, known = home.revision, {file.path: file for file in home.files}
                    # Files may have been deleted or renamed while no server was running.
                    selected = Selection()
                    selected.gone = {path for path in known if self._is_gone(path)}
                    self._send_selected(selected, known)
                    self._mirror = known
                self._send_selected(select(self._mirror), self._mirror)
            except (Busy, Conflict, NotFound):
                if not left:
                    raise
                self._connection.wait(SECONDS)
            else:
                return

    def _send_selected(self, selected: Selection, known: dict[str, HomeFile]) -> None:
        for base, is_project in selected.bases.items():
            # Those that are selected are there, which saves most calls of stat.
            below = (path for path in known.keys() - selected.files if path.startswith(base))
            selected.gone |= {path for path in below if self._is_gone(path, is_project)}
        files = [file for path, file in selected.files.items() if known.get(path) != file]
        removed = sorted((selected.gone & known.keys()) - selected.files.keys())
        if not files and not removed:
            return
        self._mirror = None  # until an answer says that the update was applied
        body = HomeUpdate(self._revision, files, removed)
        state = self._connection.home.update(body=body)
        if state.missing:
            sent = [selected.files[path] for path in state.missing]
            size, pieces = sum(file.size_bytes for file in sent), self._pieces(sent, selected.marks)
            upload = self._connection.upload("home", size, pieces)
            body = msgspec.structs.replace(body, upload=upload, sent=state.missing)
            state = self._connection.home.update(body=body)
        if state.missing:
            raise Conflict("The mirror of your files changed meanwhile. Try again.")
        self._revision, self._mirror = state.revision, known
        known.update((file.path, file) for file in files)
        for path in removed:
            del known[path]

    def _is_gone(self, path: str, is_project: bool = False) -> bool:
        """Return whether a path of the mirror has no file.

        In a project, only folders that are projects may have a mark.
        """
        folder, _, name = path.rpartition("/")
        place = self._files.root / folder
        if name == MIRROR_MARK:
            return not place.is_dir() or (is_project and not bundles.is_project(place))
        place /= name.removeprefix(f"{MIRROR_MARK}.")
        return place.is_symlink() or not (place.is_file() if name else place.is_dir())

    def _selected(self, asked: Mapping[str, Path], known: Mapping[str, HomeFile]) -> Selection:
        selected, queue = Selection(), [*asked.values()]
        seen: set[Path] = set()
        while queue:
            real = queue.pop()
            if real in seen:
                continue
            seen.add(real)
            file, shown = file_of(real), self._inside(file_of(real))
            if not file.exists():
                below = (path for path in known if f"{path}/".startswith(f"{shown}/"))
                selected.gone |= {path for path in below if self._is_gone(path)}
            elif file.is_dir():
                with suppress(TooLarge):  # the text may be no path
                    self._add_folder(selected, file)
            elif self._may_leave(file) and self._add(selected, shown):
                named = self._named(file) if file.name.endswith(DOCUMENT) else []
                if file.name.endswith(DOCUMENT) or self._is_code(file):
                    named += self._add_bundle(selected, real)
                base = self._files.shown(file.parent)
                queue += [place for text in named if (place := self._located(text, base))]
        return selected

    def _located(self, text: str, base: str = "") -> Path | None:
        with suppress(NbyardError, OSError, ValueError):
            return self._files.locate_code(text, base=base)
        return None

    def _inside(self, real: Path) -> str:
        return "" if real == self._files.root else self._files.shown(real)

    def _may_leave(self, file: Path) -> bool:
        """Return whether a file holds no secrets by its name, or .nbyardignore names it."""
        base = bundles.project_of(file, self._files.root) or file.parent
        is_allowed = SecretFilter(base).passes(file.relative_to(base).as_posix())
        return is_allowed and not may_hold_secrets(f"{self._inside(base)}/")

    def _named(self, document: Path) -> list[str]:
        """Return the texts of a workflow that may be paths."""
        texts, queue = list[str](), list[Any]()
        with suppress(NbyardError, msgspec.DecodeError):
            queue = [msgspec.json.decode(self._files.content(document))]
        while queue:
            value = queue.pop()
            if isinstance(value, str):
                texts.append(value)
            elif isinstance(value, dict | list):
                queue += value.values() if isinstance(value, dict) else value
        return texts

    def _is_code(self, file: Path) -> bool:
        if file.stat().st_size > MAX_DOCUMENT:
            return False
        if not is_data(file.name) and not holds_data(file.name):
            return True
        with file.open("rb") as content:
            return content.read(2) == b"#!" or file.with_name(description_file(file.name)).exists()

    def _add_bundle(self, selected: Selection, real: Path) -> list[str]:
        """Add the files in the bundle of code, with marks. Return its inputs."""
        root, file, inputs = self._files.root, file_of(real), list[str]()
        try:
            code, arguments = self._code(real)
            picked = self._freezer.pick(code, arguments)
            defaults = (argument.default for argument in arguments if argument.role == "input")
            inputs = [default for default in defaults if isinstance(default, str)]
        except NbyardError:  # the service refuses such code, and a workflow is no code
            cap, fit = self._settings.max_local_bundle_bytes, self._settings.max_bundle_bytes
            picked = bundles.pick_files(file, root, cap, fit=fit)
        self._add(selected, self._inside(real.with_name(description_file(real.name))))
        is_project = bundles.project_of(file, root) is not None
        members, left_out = self._add_members(selected, picked, is_project)
        mark = f"{self._base(picked.base)}{MIRROR_MARK}"
        code_mark = f"{mark}.{picked.file}"
        if picked.is_part:
            selected.mark(mark, MirrorMark())
            selected.mark(code_mark, MirrorMark(left_out=sorted(left_out), files=members))
        else:
            # Secrets that this code declares are left out of the bundles of other code.
            left_out = left_out.union(filter(may_hold_secrets, members))
            selected.mark(mark, MirrorMark(is_project, sorted(left_out)))
            selected.gone.add(code_mark)
        return inputs

    def _code(self, real: Path) -> tuple[Code, list[Argument]]:
        """Return code and its arguments, which are read again after a change."""
        places = (file_of(real), real.with_name(description_file(real.name)))
        stamps = [_stamp(place.stat()) for place in places if place.is_file()]
        known = self._read.get(real)
        if known is None or known[0] != stamps:
            code = self._freezer.load_real(real)
            known = stamps, code, self._freezer.read(code)[1].arguments
            if len(self._read) >= MOST_READ:
                self._read.clear()
            self._read[real] = known
        return known[1:]

    def _add_folder(self, selected: Selection, folder: Path) -> None:
        """Add the files of a project, or all but caches of another folder."""
        secrets, is_project = SecretFilter(folder), bundles.is_project(folder)
        is_project = is_project and folder not in bundles.no_projects(folder)

        def keep(name: str) -> bool:
            is_left = name.endswith("/") and folder == self._files.root
            is_left = is_left or is_cache(name) or (folder / name).is_symlink()
            return not is_left and secrets.passes(name)

        rules = bundles.keeper(folder, "", secrets) if is_project else keep
        picked = Picked(folder, "", rules, secrets)
        _, left_out = self._add_members(selected, picked, is_project)
        if is_project:
            mark = MirrorMark(is_project, sorted(left_out))
            selected.mark(f"{self._base(folder)}{MIRROR_MARK}", mark)

    def _add_members(
        self, selected: Selection, picked: Picked, is_project: bool
    ) -> tuple[list[str], set[str]]:
        """Add the members of a bundle, and its rules. Return the members, and what is left out."""
        base, sizes = self._base(picked.base), dict[str, int]()
        picked.secrets.left_out.clear()
        try:
            for member in folder_members(picked.base, picked.keep):
                if member.is_folder:
                    sizes[f"{member.path}/"] = 0
                else:
                    sizes[member.path] = os.stat(member.name, dir_fd=member.fd).st_size
        except OSError as error:
            raise Conflict(f"{base}{error.filename} cannot be read: {error.strerror}.") from None
        name = picked.file.rpartition("/")[2] or picked.base.name
        bundles.check_cap(name, sizes, self._settings.max_local_bundle_bytes)
        for rules in bundles.IGNORE_FILES:
            self._add(selected, base + rules)
        selected.bases[base] = is_project
        return [path for path in sizes if self._add(selected, base + path)], picked.secrets.left_out

    def _base(self, folder: Path) -> str:
        shown = self._inside(folder)
        return f"{shown}/" if shown else ""

    def _add(self, selected: Selection, path: str) -> HomeFile | None:
        file = selected.files.get(path) or self._file(path)
        if file:
            selected.files[path] = file
        return file

    def _file(self, path: str) -> HomeFile | None:
        """Return a file as the mirror may have it, None without one. An unchanged file is not read.

        Raises:
            Invalid: The file cannot be read.
        """
        real = self._files.root / path
        stored, digest = self._digests.get(path, ((), ""))
        try:
            status = real.lstat()
            if not stored:
                check_folder_path(path.removesuffix("/"))
        except (FileNotFoundError, NotADirectoryError, Invalid):
            return None
        if path.endswith("/") or not stat.S_ISREG(status.st_mode):
            return HomeFile(path) if path.endswith("/") else None
        if stored != _stamp(status):
            with closing(open_regular(real)) as fd:
                status, digest = os.fstat(fd), f"sha256:{hash_file(fd)}"
            if is_settled(status):
                self._digests[path] = _stamp(status), digest
        return HomeFile(path, status.st_size, digest, bool(status.st_mode & 0o100))

    def _write(self, path: str, digest: str) -> bool:
        """Write a file of the mirror to the user's folder. Return whether this was possible."""
        real = self._files.root / check_folder_path(path)
        if self._files.locate(path) != real:
            return False  # a link leads elsewhere
        if not digest:
            real.unlink(missing_ok=True)
            return True
        with self._connection.home_file(path)[0] as source:
            if f"sha256:{hashlib.file_digest(source, 'sha256').hexdigest()}" != digest:
                return False
            source.seek(0)
            real.parent.mkdir(parents=True, exist_ok=True)
            with replace_atomically(real) as target:
                shutil.copyfileobj(source, target)
        return True

    def _pieces(self, sent: list[HomeFile], marks: Mapping[str, bytes]) -> Iterator[bytes]:
        """Yield the bytes of files in pieces, each of which becomes a request."""
        piece = bytearray()
        for file in sent:
            content, real = marks.get(file.path), self._files.root / file.path
            with io.BytesIO(content) if content else open(open_regular(real), "rb") as source:
                for start in range(0, file.size_bytes, PIECE):
                    size = min(file.size_bytes - start, PIECE)
                    # The service refuses a file that became shorter, by its digest.
                    piece += source.read(size).ljust(size, b"\0")
                    if len(piece) >= PIECE:
                        yield bytes(piece)
                        piece.clear()
        if piece:
            yield bytes(piece)


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_size, status.st_mtime_ns
