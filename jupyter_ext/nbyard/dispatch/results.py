"""From a finished attempt to artifacts: bytes first, then one transaction."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbyard import folders
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import EXECUTED, Failure, Output, Result
from nbyard.domain.formats import format_of
from nbyard.errors import Invalid, NbyardError
from nbyard.localpaths import open_inside

EXECUTED_NAME = "executed.ipynb"


def check_token(result: Result, token: str) -> None:
    """Raises Invalid for the result of a superseded attempt."""
    if result.token != token:
        raise Invalid("The result carries another attempt's token.")


def take_outputs(
    room: Room,
    folder: Path,
    result: Result,
    outputs: Mapping[str, Output] | None = None,
    *,
    adopt: bool = False,
) -> list[dict[str, Any]]:
    """Store the bytes of all outputs and of the executed notebook; rows for the artifacts. Without
    `outputs` they are those of task.json.

    With `adopt`, where nothing of the work can live on, files of outputs are not copied."""
    if outputs is None:
        outputs = folders.read_task(folder).outputs
    rows = [_row(room, folder, name, outputs[name], adopt) for name in result.outputs]
    executed = f"{folder}/{EXECUTED}"
    if os.path.isfile(executed) and not os.path.islink(executed):
        blob = room.blobs.put_file(Path(executed))
        rows.append(_artifact(EXECUTED_NAME, EXECUTED, "ipynb", blob.digest, blob.size_bytes))
    return rows


def _row(room: Room, folder: Path, name: str, output: Output, adopt: bool) -> dict[str, Any]:
    path = folder / output.path
    # a container may have rewritten task.json or left links after its runner looked
    handle = open_inside(folder, output.path, f"output {name}")
    try:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            blob = room.blobs.put_folder(Path(os.path.realpath(path)))
            kind = "folder"
        else:
            blob = room.blobs.put_fd(handle, adopt=adopt)
            kind = output.format or format_of(path.name)
    finally:
        os.close(handle)
    return _artifact(name, path.name, kind, blob.digest, blob.size_bytes)


def _artifact(name: str, filename: str, kind: str, digest: str, size: int) -> dict[str, Any]:
    return {
        "name": name,
        "filename": filename,
        "format": kind,
        "digest": digest,
        "size_bytes": size,
    }


def failure_of(error: NbyardError, kind: str) -> Failure:
    """A failure told by us, not by the work."""
    text = f"{error.message} {error.hint}".strip()
    return Failure(kind, text)
