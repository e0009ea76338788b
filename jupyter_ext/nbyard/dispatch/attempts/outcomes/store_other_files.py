"""Store files that the work wrote beside its declared outputs, in its copy of the code.

If that copy is on another machine, the runtime has already fetched the files within the limits. The
files are compared with the staged bundle, so it does not matter how they were written. A container
can choose names and types of files. So links are not followed, and unsafe names are only shown.
"""

import logging
import os
import stat
from pathlib import Path

import msgspec

from nbyard.attempts.folders import file_stamp, is_own, read_task
from nbyard.blobs import Tree, TreeEntry
from nbyard.blobs import file_operations as blob_files
from nbyard.dispatch.attempts.folder_setup import MODEL
from nbyard.dispatch.attempts.input_staging import is_dataset_link
from nbyard.dispatch.attempts.secret_delivery import masks_of_attempt
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.attempts.other_files import (
    MAX_DEPTH,
    MOST_SEEN,
    FileFilter,
    OtherFiles,
    Written,
    merge_other_files,
    summarize_files,
    within_caps,
)
from nbyard.domain.attempts.structs import TASK
from nbyard.domain.attempts.undeclared_files import input_paths
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.ignore_rules import is_cache
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.errors import Invalid, NbyardError, Unavailable
from nbyard.host.safe_open import open_real
from nbyard.reasons.structs import because
from nbyard.runner.attempt_folder import CODE
from nbyard.runtimes.attempt_files import read_others

log = logging.getLogger("nbyard.dispatch")
INTO = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def take_other_files(
    context: DispatchContext,
    snapshot: AttemptSnapshot,
    version: ExecutableVersion | None,
    *,
    adopt: bool = False,
) -> OtherFiles | None:
    """Store the files that the attempt wrote beside its outputs.

    `version` is its code. Call it inside `without_collection`. Return None if there are no such
    files, or if the engine did not return the copy of the code. An error is logged, and None
    returned, too. With `adopt`, the files themselves become blobs; no process of the work may
    survive.
    """
    code, is_call = snapshot.order.folder / CODE, bool(snapshot.attempt.worker)
    if not code.is_dir():
        return None
    if version is None or version.kind == MODEL:  # a model writes only files for serving
        return None
    try:
        bundle = {file.path: file for file in context.blobs.tree(version.bundle_digest).files}
        outputs = snapshot.outputs or {}
        if not outputs and not is_call:
            outputs = read_task(snapshot.order.folder).outputs
        declared = {
            os.path.relpath(os.path.normpath(output.path), CODE) for output in outputs.values()
        }
        declared |= input_paths(version.file, version.arguments, snapshot.inputs)
        # task.json is written last, so anything newer comes from the work. The folder of a call
        # has only what the call wrote.
        since = 0 if is_call else file_stamp(f"{snapshot.order.folder}/{TASK}")[1]
        look = _Look(context, bundle, declared, since)
        look.all(os.path.realpath(code))
        if snapshot.attempt.runtime == PROCESS and not version.invocation.apart and not is_call:
            look.report_files_above(snapshot.order.folder)
        return merge_other_files(
            _keep(context, snapshot, look, adopt), read_others(snapshot.order.folder)
        )
    except (NbyardError, OSError, msgspec.MsgspecError) as error:
        # Extra files must not fail finished work.
        log.warning("the other files of attempt %s are not kept: %s", snapshot.attempt.id, error)
        return None


class _Look:
    """Collects the files written below a folder."""

    def __init__(
        self, context: DispatchContext, bundle: dict[str, TreeEntry], declared: set[str], since: int
    ) -> None:
        self.files = FileFilter(declared)
        self._context = context
        self._blobs = context.blobs
        self._bundle = bundle
        self._since = since
        self._seen = 0
        self.root = ""

    def all(self, root: str) -> None:
        """Scan the whole folder."""
        self.root = root
        with blob_files.closing(os.open(root, INTO)) as fd:
            self._folder(fd, "")

    def report_files_above(self, folder: Path) -> None:
        """Report new files above the copy of the code, in the attempt's folder."""
        with os.scandir(folder) as entries:
            for entry in entries:
                entry_stat = entry.stat(follow_symlinks=False)
                if (
                    is_own(entry.name)
                    or is_cache(entry.name)
                    or entry_stat.st_ctime_ns < self._since
                ):
                    continue
                if stat.S_ISDIR(entry_stat.st_mode):
                    self.files.leave(f"../{entry.name}/", "above")
                else:
                    self.files.leave(f"../{entry.name}", "above", entry_stat.st_size)

    def _folder(self, fd: int, prefix: str) -> None:
        with os.scandir(fd) as entries:
            # Sorted, so that the limits leave out the same files in each attempt.
            names = sorted(entry.name for entry in entries)
        for name in names:
            self._seen += 1
            if self._seen > MOST_SEEN:
                self.files.leave(prefix or "./", "too-many")
                return
            self._entry(fd, name, prefix + name)

    def _entry(self, fd: int, name: str, path: str) -> None:
        try:
            file_stat = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if stat.S_ISDIR(file_stat.st_mode):
                self._enter_folder(fd, name, f"{path}/")
            elif stat.S_ISLNK(file_stat.st_mode) and is_dataset_link(self._context, name, fd):
                return
            elif self._is_new(fd, name, path, file_stat):
                self.files.add(path, file_stat.st_size, is_file=stat.S_ISREG(file_stat.st_mode))
        except OSError:
            self.files.leave(path, "unreadable")

    def _enter_folder(self, fd: int, name: str, prefix: str) -> None:
        if self.files.skips(prefix):
            return
        if prefix.count("/") > MAX_DEPTH:
            self.files.leave(prefix, "too-many")
            return
        with blob_files.closing(os.open(name, INTO, dir_fd=fd)) as inner:
            self._folder(inner, prefix)

    def _is_new(self, fd: int, name: str, path: str, file_stat: os.stat_result) -> bool:
        """Return whether the file was not in the bundle, or has changed."""
        entry = self._bundle.get(path)
        if (
            entry is None
            or not stat.S_ISREG(file_stat.st_mode)
            or file_stat.st_size != entry.size_bytes
        ):
            return True
        if file_stat.st_ctime_ns < self._since:  # programs cannot reset ctime
            return False
        # The same inode is the blob itself, so the file is unchanged.
        known = self._blobs.path(entry.digest).stat()
        if (known.st_dev, known.st_ino) == (file_stat.st_dev, file_stat.st_ino):
            return False
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with blob_files.closing(os.open(name, flags, dir_fd=fd)) as file:
            return not blob_files.has_hash(blob_files.hash_file(file), entry.digest)


def _keep(
    context: DispatchContext, snapshot: AttemptSnapshot, look: _Look, adopt: bool
) -> OtherFiles | None:
    """Store the files that are within the limits and contain no secrets."""
    settings, hidden = context.settings, masks_of_attempt(context, snapshot)
    most = (settings.max_other_bytes, settings.max_other_files)
    files = look.files
    wanted, beyond = within_caps(files.written, *most)
    kept: dict[Written, TreeEntry] = {}
    for written in wanted:
        place = Path(look.root, files.places[written.path])
        try:
            # Stored files outlive the attempt and can be downloaded: no secret may get there.
            if hidden.holds(os.fspath(place)):
                files.leave(written.path, "secret", written.size_bytes)
                continue
            with blob_files.closing(open_real(place)) as fd:
                file_stat = os.fstat(fd)
                # The limits apply to the size seen before, and a surviving process may still write.
                if not stat.S_ISREG(file_stat.st_mode) or file_stat.st_size != written.size_bytes:
                    raise Invalid.field("path", because("changed-while-read", file=place.name))
                digest = context.blobs.put_fd(fd, adopt=adopt).digest
        except Unavailable:
            files.leave(written.path, "no-room", written.size_bytes)
        except (NbyardError, OSError):
            files.leave(written.path, "unreadable", written.size_bytes)
        else:
            kept[written] = TreeEntry(written.path, digest, written.size_bytes)
    digest = context.blobs.put_tree(Tree([*kept.values()])).digest if kept else ""
    return summarize_files(digest, [*kept], [*files.left.values(), *beyond])
