"""From a finished attempt to artifacts: bytes first, then one transaction."""

from pathlib import Path
from typing import Any

import msgspec

from nbyard.dispatch.room import Room
from nbyard.domain.attempts import EXECUTED, TASK, Failure, Result, TaskFile
from nbyard.domain.formats import format_of
from nbyard.errors import Invalid, NbyardError
from nbyard.localpaths import locate

EXECUTED_NAME = "executed.ipynb"


def check_token(result: Result, token: str) -> None:
    """Raises Invalid for the result of a superseded attempt."""
    if result.token != token:
        raise Invalid("The result carries another attempt's token.")


def take_outputs(room: Room, folder: Path, result: Result) -> list[dict[str, Any]]:
    """Store the bytes of all outputs and of the executed notebook; rows for the artifacts."""
    task = read_task(folder)
    rows = []
    for name in result.outputs:
        output = task.outputs[name]
        path = folder / output.path
        # a container may have rewritten task.json or left links after its runner looked
        real = locate(path, [folder], f"output {name}")
        rows.append(_row(room, name, path.name, real, output.format))
    executed = folder / EXECUTED
    if executed.is_file() and not executed.is_symlink():
        blob = room.blobs.put_file(executed)
        rows.append(_artifact(EXECUTED_NAME, EXECUTED, "ipynb", blob.digest, blob.size_bytes))
    return rows


def read_task(folder: Path) -> TaskFile:
    """task.json of an attempt."""
    return msgspec.json.decode((folder / TASK).read_bytes(), type=TaskFile)


def _row(room: Room, name: str, filename: str, path: Path, declared: str) -> dict[str, Any]:
    if path.is_dir():
        blob = room.blobs.put_folder(path)
        return _artifact(name, filename, "folder", blob.digest, blob.size_bytes)
    blob = room.blobs.put_file(path)
    kind = declared or format_of(filename)
    return _artifact(name, filename, kind, blob.digest, blob.size_bytes)


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
