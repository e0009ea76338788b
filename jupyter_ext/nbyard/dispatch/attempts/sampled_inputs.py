"""Inputs of check runs: the first rows of tables and the first files of folders, as stored bytes.

Only the dispatcher cuts data. The runtimes, the runner and the code of users get the sample like
any other input.
"""

import dataclasses
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import msgspec

from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.file_formats import format_of
from nbyard.domain.models.structs import MLFLOW_FILE, MODEL_FILES
from nbyard.domain.runs.samples import SAMPLED, Sample
from nbyard.domain.runs.structs import BytesOf
from nbyard.errors import Invalid
from nbyard.tabular import TableFile

log = logging.getLogger("nbyard.dispatch")
WHOLE_FOLDERS = {*MODEL_FILES, MLFLOW_FILE}


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
            digest = _digest_of_sample(context, input_bytes, sample)
            cut = (digest, input_bytes.filename, input_bytes.origin, input_bytes.typed)
            inputs[name] = SampledBytes(*cut, whole=input_bytes)
        yield dataclasses.replace(snapshot, inputs=inputs)


def _digest_of_sample(context: DispatchContext, input_bytes: BytesOf, sample: Sample) -> str:
    if not input_bytes.digest.startswith("tree:"):
        return _first_rows(context, input_bytes.digest, input_bytes.filename, sample.rows)
    tree = context.blobs.tree(input_bytes.digest)
    if any(entry.path in WHOLE_FOLDERS for entry in tree.files):
        return input_bytes.digest  # a part of a model is no model
    files = []
    for entry in first_files(tree, sample.files):
        digest = _first_rows(context, entry.digest, entry.path, sample.rows)
        # The tree names sizes too, and the digest of equal trees must be equal.
        size = context.blobs.path(digest).stat().st_size
        files.append(msgspec.structs.replace(entry, digest=digest, size_bytes=size))
    if files == tree.files:
        return input_bytes.digest
    return context.blobs.put_tree(Tree(files, tree.folders)).digest


def first_files(tree: Tree, most: int) -> list[TreeEntry]:
    """Return the first files of each suffix in each folder of a tree.

    So each class of a folder of images stays, and files that belong together stay together.
    """
    counts: Counter[tuple[str, str]] = Counter()
    chosen = []
    for entry in sorted(tree.files, key=lambda file: file.path):
        path = PurePosixPath(entry.path)
        group = str(path.parent), path.suffix.lower()
        counts[group] += 1
        if counts[group] <= most:
            chosen.append(entry)
    return chosen


def _first_rows(context: DispatchContext, digest: str, filename: str, rows: int) -> str:
    """Return the digest of the table's first rows; that of the whole file if it stays whole."""
    if format_of(filename) not in SAMPLED:
        return digest
    with context.blobs.open_seekable(digest):
        pass  # its bytes are checked; the reader process would read damaged ones
    try:
        with context.tables.first_rows(
            TableFile(context.blobs.path(digest), filename), rows
        ) as cut:
            return context.blobs.put_file(cut).digest if cut else digest
    except Invalid as error:  # the work itself reports a broken table
        log.info("the check run uses all rows of %s: %s", filename, error)
        return digest
