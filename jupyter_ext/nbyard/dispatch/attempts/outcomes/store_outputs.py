"""Store the outputs of a finished attempt as artifacts: bytes first, then one transaction."""

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbyard.attempts import folders
from nbyard.blobs.file_operations import closing
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.attempts.structs import EXECUTED, Failure, Output, Result
from nbyard.domain.file_formats import MODEL_FORMATS, format_of, guess_class, suffix_of
from nbyard.domain.models.structs import MLFLOW_FILE, MODEL_FILES
from nbyard.domain.naming.names import check_filename
from nbyard.domain.runs.structs import MODEL_TYPE, ArtifactType
from nbyard.errors import Invalid, NbyardError, reason_of
from nbyard.host.safe_open import open_inside
from nbyard.reasons.structs import Reason, because
from nbyard.runner.handoff.work_functions import TYPE
from nbyard.runner.work.collect_outputs import sorted_names

EXECUTED_NAME = "executed.ipynb"
MAX_TYPE = 2**20
MAX_FORMAT = 40


class OutputMetadata(ArtifactType, frozen=True):
    """Metadata that `nbyard.output` wrote beside an output; the work may have written anything."""

    format: str = ""
    filename: str = ""

    def with_type(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row of an artifact with the type of its data.

        If the row has no known format, it also gets the filename and format of the metadata.
        """
        fields = {name: getattr(self, name) for name in ArtifactType.__struct_fields__}
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
