"""Store what an attempt wrote: its outputs, and other files in its copy of the code.

Bytes come first, then one transaction. If the copy is on another machine, the runtime has already
fetched the files within the limits. The files are compared with the staged bundle, so it does not
matter how they were written. A container can choose names and types of files. So links are not
followed, and unsafe names are only shown.
"""

import contextlib
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbyard.attempts import folders
from nbyard.attempts.folders import file_stamp, is_own, read_task
from nbyard.blobs import Tree, TreeEntry
from nbyard.blobs import file_operations as blob_files
from nbyard.blobs.file_operations import closing
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
from nbyard.domain.attempts.structs import EXECUTED, TASK, Failure, Output, Result
from nbyard.domain.attempts.undeclared_files import input_paths
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.file_formats import MODEL_FORMATS, format_of, guess_class, suffix_of
from nbyard.domain.ignore_rules import is_cache
from nbyard.domain.models.structs import MLFLOW_FILE, MODEL_FILES
from nbyard.domain.naming.names import check_filename
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.structs import MODEL_TYPE, ArtifactType
from nbyard.errors import Invalid, NbyardError, Unavailable, reason_of
from nbyard.host.safe_open import open_inside, open_real
from nbyard.reasons.structs import Reason, because
from nbyard.runner.attempt_folder import CODE
from nbyard.runner.handoff.work_functions import TYPE
from nbyard.runner.work.collect_outputs import sorted_names
from nbyard.runtimes.attempt_files import read_others

EXECUTED_NAME = "executed.ipynb"
MAX_TYPE = 2**20
MAX_FORMAT = 40
log = logging.getLogger("nbyard.dispatch")
INTO = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class OutputMetadata(ArtifactType, frozen=True):
    """Metadata that `nbyard.output` wrote beside an output; the work may have written anything."""

    format: str = ""
    filename: str = ""

    def with_type(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row of an artifact with the type of its data.

        If the row has no known format, it also gets the filename and format of the metadata.
        """
        # Only a check gives a verdict, not the work.
        known = set(ArtifactType.__struct_fields__) - {"verdict"}
        fields = {name: getattr(self, name) for name in known}
        typed = row | {"type": msgspec.json.encode(ArtifactType(**fields)).decode()}
        is_named = self.format or self.filename
        if row["format"] == "folder" or format_of(row["filename"]) or not is_named:
            return typed
        with contextlib.suppress(Invalid):
            own = check_filename(self.filename or row["filename"] + suffix_of(self.format))
            return typed | {"filename": own, "format": self.format[:MAX_FORMAT]}
        return typed


def check_token(result: Result, token: str) -> None:
    """Check that the result belongs to the current attempt.

    Raises:
        Invalid: The result belongs to a superseded attempt.
    """
    if result.token != token:
        raise Invalid(because("result-of-other-attempt"))


def take_outputs(
    context: DispatchContext,
    folder: Path,
    result: Result,
    outputs: Mapping[str, Output] | None = None,
    *,
    adopt: bool = False,
) -> list[dict[str, Any]]:
    """Store the outputs and the executed notebook; return rows.

    The rows are those of the artifacts. Without `outputs`, those of task.json are used. With
    `adopt`, the files themselves become blobs; no process of the work may survive.
    """
    if outputs is None:
        outputs = folders.read_task(folder).outputs
    rows = [_row(context, folder, name, outputs[name], adopt) for name in result.outputs]
    executed = f"{folder}/{EXECUTED}"
    # A link could point to any file of this machine.
    if os.path.isfile(executed) and not os.path.islink(executed):
        with closing(open_inside(folder, EXECUTED, EXECUTED)) as handle:
            blob = context.blobs.put_fd(handle, adopt=adopt)
        rows.append(_artifact(EXECUTED_NAME, EXECUTED, "ipynb", blob.digest, blob.size_bytes))
    return rows


def _row(
    context: DispatchContext, folder: Path, name: str, output: Output, adopt: bool
) -> dict[str, Any]:
    relative = output.path
    if output.declared_in and not output.several:  # the only file found
        relative = f"{relative}/{next(sorted_names(str(folder / relative)))}"
    path = folder / relative
    # A container may have rewritten task.json or created links after its runner checked.
    with closing(open_inside(folder, relative, f"output {name}")) as handle:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        if is_folder:
            blob = context.blobs.put_folder(Path(os.path.realpath(path)))
            kind = "folder"
        else:
            blob = context.blobs.put_fd(handle, adopt=adopt)
            kind = output.format or format_of(path.name)
    row = _artifact(name, path.name, kind, blob.digest, blob.size_bytes)
    metadata: OutputMetadata | None = None
    beside = os.path.join(os.path.dirname(output.path), TYPE)
    if os.path.lexists(folder / beside):
        # The file is optional, so broken content only loses the metadata.
        broken = (NbyardError, OSError, msgspec.MsgspecError, ValueError)
        with contextlib.suppress(*broken), open(open_inside(folder, beside, beside), "rb") as file:
            metadata = msgspec.json.decode(file.read(MAX_TYPE), type=OutputMetadata)
    if is_folder and any(
        map(os.path.isfile, (path / marker for marker in (*MODEL_FILES, MLFLOW_FILE)))
    ):
        metadata = msgspec.structs.replace(metadata or OutputMetadata(), media_type=MODEL_TYPE)
    # Queries know the formats of models. Other models are found by their stored class.
    is_other_model = guess_class(path.name, kind) == "model" and kind not in MODEL_FORMATS
    if output_class := output.output_class or ("model" if is_other_model else ""):
        metadata = msgspec.structs.replace(metadata or OutputMetadata(), output_class=output_class)
    return row if metadata is None else metadata.with_type(row)


def _artifact(name: str, filename: str, kind: str, digest: str, size: int) -> dict[str, Any]:
    return {
        "type": None,
        "name": name,
        "filename": filename,
        "format": kind,
        "digest": digest,
        "size_bytes": size,
    }


def disclosed_in(result: Result) -> list[Reason]:
    """Return a warning for each output that contains a secret."""
    return [because("output-holds-secret", output=name) for name in result.disclosed]


def failure_of(error: NbyardError, kind: str) -> Failure:
    """Return the failure for an error of nbyard itself, not of the work."""
    return Failure(kind, reason_of(error))


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
