"""Place inputs in an attempt's folder: at paths that the work is given, or that its code opens.

Check runs get samples of them.
"""

import contextlib
import dataclasses
import logging
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path, PurePosixPath

import msgspec

from nbyard.attempts import folders
from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.dispatch import command_workdir
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.arguments.bindings import File
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import UNTYPED
from nbyard.domain.caching.path_mentions import code_of
from nbyard.domain.commands.invocations import input_places
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.file_formats import format_of
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.models.structs import MLFLOW_FILE, MODEL_FILES
from nbyard.domain.runs.structs import SAMPLED, BytesOf, Sample
from nbyard.errors import Invalid
from nbyard.host.project_files import read_small, write_new
from nbyard.reasons.structs import because
from nbyard.runner.attempt_folder import CODE
from nbyard.runner.work.collect_outputs import UNTOUCHED, files_at
from nbyard.tabular import TableFile
from nbyard.transfer import bundles, dataset_links

log = logging.getLogger("nbyard.dispatch")
WHOLE_FOLDERS = {*MODEL_FILES, MLFLOW_FILE}
Places = dict[str, str]
CODE_KINDS = ("notebook", "command", "function")  # kinds whose code is executable text


class SampledBytes(BytesOf, frozen=True, tag="sample", kw_only=True):
    """A sample of an input; `whole` is the complete input."""

    whole: BytesOf


def complete_input(input_bytes: BytesOf) -> BytesOf:
    """Return the complete input of a sample, else the input."""
    return input_bytes.whole if isinstance(input_bytes, SampledBytes) else input_bytes


@contextmanager
def with_sample(context: DispatchContext, snapshot: AttemptSnapshot) -> Iterator[AttemptSnapshot]:
    """Yield the snapshot; in a check run, its inputs are samples.

    Samples are stored, but no row names them, so they must be staged inside the block.
    """
    sample = snapshot.task.plan.sample
    if sample is None:
        yield snapshot
        return
    with context.blobs.without_collection():
        inputs: dict[str, BytesOf] = {}
        for name, input_bytes in snapshot.inputs.items():
            digest = digest_of_sample(context, input_bytes, sample)
            cut = (digest, input_bytes.filename, input_bytes.origin, input_bytes.typed)
            inputs[name] = SampledBytes(*cut, whole=input_bytes)
        yield dataclasses.replace(snapshot, inputs=inputs)


def digest_of_sample(context: DispatchContext, input_bytes: BytesOf, sample: Sample) -> str:
    """Return the digest of the sample of an input; that of the input if it stays whole."""
    if not input_bytes.digest.startswith("tree:"):
        return _sample_rows(context, input_bytes.digest, input_bytes.filename, sample.rows)
    tree = context.blobs.tree(input_bytes.digest)
    if any(entry.path in WHOLE_FOLDERS for entry in tree.files):
        return input_bytes.digest  # a part of a model is no model
    files = []
    for entry in fair_files(tree, sample.files):
        digest = _sample_rows(context, entry.digest, entry.path, sample.rows)
        # The tree names sizes too, and the digest of equal trees must be equal.
        size = context.blobs.path(digest).stat().st_size
        files.append(msgspec.structs.replace(entry, digest=digest, size_bytes=size))
    if files == tree.files:
        return input_bytes.digest
    return context.blobs.put_tree(Tree(files, tree.folders)).digest


def fair_files(tree: Tree, most: int) -> list[TreeEntry]:
    """Return some files of each suffix in each folder of a tree, in the order of their paths.

    So each class of a folder of images stays. The choice depends on the hash of the name without
    its suffix, so that files that belong together stay together.
    """
    counts: Counter[tuple[str, str]] = Counter()
    chosen = []
    paths = {entry.path: PurePosixPath(entry.path) for entry in tree.files}
    ranks = {entry: sha256(path.stem.encode()).digest() for entry, path in paths.items()}
    for entry in sorted(tree.files, key=lambda file: (ranks[file.path], file.path)):
        path = paths[entry.path]
        group = str(path.parent), path.suffix.lower()
        counts[group] += 1
        if counts[group] <= most:
            chosen.append(entry)
    return sorted(chosen, key=lambda file: file.path)


def _sample_rows(context: DispatchContext, digest: str, filename: str, rows: int) -> str:
    """Return the digest of a sample of a table; that of the whole file if it stays whole."""
    if format_of(filename) not in SAMPLED:
        return digest
    with context.blobs.open_seekable(digest):
        pass  # its bytes are checked; the reader process would read damaged ones
    try:
        with context.tables.sample_rows(
            TableFile(context.blobs.path(digest), filename), rows
        ) as cut:
            return context.blobs.put_file(cut).digest if cut else digest
    except Invalid as error:  # the work itself reports a broken table
        log.info("the check run uses all rows of %s: %s", filename, error)
        return digest


def places_of(version: ExecutableVersion, inputs: Mapping[str, BytesOf]) -> Places:
    """Return the paths of inputs in the attempt's folder, by name."""
    filenames = {name: input_bytes.filename for name, input_bytes in inputs.items()}
    own = {argument.name: place for argument, place in _opened(version) if argument.name in inputs}
    return input_places(version.arguments, filenames) | own


def place_of(argument: Argument, version: ExecutableVersion) -> str:
    """Return where the code opens the file of an argument itself.

    The path is relative to the attempt folder. It is empty if nbyard passes the path to the code.
    """
    return f"code/{argument.reach.place(version.file)}" if isinstance(argument.reach, File) else ""


def _opened(version: ExecutableVersion) -> Iterator[tuple[Argument, str]]:
    for argument in version.arguments:
        if place := place_of(argument, version):
            yield argument, place


def stage_inputs(
    context: DispatchContext,
    folder: Path,
    version: ExecutableVersion,
    staged: Mapping[str, BytesOf],
    places: Places,
) -> None:
    """Place the bytes of the inputs at `places` in the folder.

    A single file for a list argument gets its own folder. A file lists the tables whose column
    types could not be inferred in time.
    """
    lists = {argument.name for argument in version.arguments if argument.type == "list"}
    opened = {argument.name for argument, _ in _opened(version)}
    for name, place in places.items():
        input_bytes, target = staged[name], f"{folder}/{place}"
        if name in lists and not input_bytes.digest.startswith("tree:"):
            target = f"{target}/{input_bytes.filename}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if name in opened:
            # The input replaces a file of the bundle at the same path.
            folders.delete_path(Path(target))
            # The code may also write what it opens, so it gets a writable copy. In a folder, large
            # files stay read-only.
            bundles.stage_bundle(context.blobs, input_bytes.digest, Path(target))
        else:
            context.blobs.stage(input_bytes.digest, Path(target))
            whole = complete_input(input_bytes)  # a sample has the column types of all rows
            command_workdir.write_table_types(
                context, whole, os.path.dirname(target), version, name
            )
    if untyped := context.untyped.intersection(
        input_bytes.digest for input_bytes in staged.values()
    ):
        write_new(f"{folder}/{UNTYPED}", msgspec.json.encode(sorted(untyped)))


def untyped_of(folder: Path) -> list[str]:
    """Return the digests of tables staged without column types.

    Raises:
        Invalid: The work has changed the file that lists them.
    """
    try:
        return msgspec.json.decode(read_small(f"{folder}/{UNTYPED}"), type=list[str])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as error:
        why = because("file-unreadable", file=UNTYPED, message=str(error))
        raise Invalid(why) from error


def datasets_of(context: DispatchContext, version: ExecutableVersion) -> list[str]:
    """Return the IDs of datasets that the code opens below `resources/` beside it."""
    with context.blobs.open(version.content_digest) as handle:
        content = handle.read()
    # Most code names no dataset. This search spares it the parsing.
    if version.kind not in CODE_KINDS or dataset_links.FOLDER.encode() not in content:
        return []
    return dataset_links.datasets_named_in(
        code_of(split_function_path(version.file).file, content), _datasets(context)
    )


def opens_datasets(context: DispatchContext, version: ExecutableVersion) -> bool:
    """Return whether the code opens datasets by path.

    The path is below `resources/` beside the code, or in the folder that a variable names.
    """
    with context.blobs.open(version.content_digest) as handle:
        is_told = dataset_links.VARIABLE.encode() in handle.read()
    return (is_told and version.kind in CODE_KINDS) or bool(datasets_of(context, version))


def link_datasets(context: DispatchContext, folder: Path, version: ExecutableVersion) -> None:
    """Link the datasets that the code opens into `resources/`.

    That folder lies beside the code. Existing files stay.
    """
    place = (
        folder
        / CODE
        / os.path.dirname(split_function_path(version.file).file)
        / dataset_links.FOLDER
    )
    for dataset in datasets_of(context, version):
        # The bundle may contain a file of this name, or a file in place of the folder.
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            place.mkdir(exist_ok=True)
            (place / dataset).symlink_to(_datasets(context) / dataset)


def is_dataset_link(context: DispatchContext, name: str, fd: int) -> bool:
    """Return whether a link in an open folder points to a dataset."""
    return os.readlink(name, dir_fd=fd).startswith(f"{_datasets(context)}/")


def _datasets(context: DispatchContext) -> Path:
    return context.folder / dataset_links.FOLDER


def mark_old_outputs(folder: Path, version: ExecutableVersion) -> None:
    """Mark existing files at the paths of outputs as old.

    Only files that the work writes are stored as outputs. A path that is also an input is stored
    as the work leaves it.
    """
    inputs = {place for argument, place in _opened(version) if argument.role == "input"}
    for argument, place in _opened(version):
        path = f"{folder}/{place}"
        if argument.role == "output" and place not in inputs and os.path.exists(path):
            for file in files_at(path):
                if os.stat(file).st_nlink > 1:  # a hard link to a blob, whose time must not change
                    shutil.copyfile(file, f"{file}~")
                    os.replace(f"{file}~", file)
                os.utime(file, (UNTOUCHED, UNTOUCHED))
