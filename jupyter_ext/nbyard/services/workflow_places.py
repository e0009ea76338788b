"""Workflow places: which workflow a file holds, also after it was renamed, moved or copied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.workflows import Workflow, read_document
from nbyard.errors import NbyardError
from nbyard.files import MAX_DOCUMENT

if TYPE_CHECKING:
    from nbyard.services.parts import Parts
    from nbyard.store import Connection


def is_there(path: str, document_id: str) -> bool:
    """Return whether the file holds the document with that id; an unreadable file counts."""
    try:
        file = Path(path)
        return file.stat().st_size > MAX_DOCUMENT or _id_of(file) == document_id
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, NbyardError):
        return True


def saved_workflow(parts: Parts, c: Connection, owner: str, path: Path) -> Workflow | None:
    """Return the workflow that the file at a path holds; of a missing file the one it held."""
    try:
        document_id = _id_of(path) if path.stat().st_size <= MAX_DOCUMENT else ""
    except (OSError, NbyardError):
        document_id = ""
    return parts.store.workflows.find(c, owner, str(path), document_id, is_there)


def follow_file(parts: Parts, owner: str, path: Path, document_id: str) -> None:
    """Note the new place of a workflow whose file was moved to `path`."""
    if not document_id or not path.is_file():
        return
    rows = parts.store.workflows
    with parts.store.read() as c:
        known = rows.find(c, owner, str(path), document_id, is_there)
    if known is None or known.path == str(path) or not is_there(str(path), document_id):
        return
    with parts.store.write() as c:
        known = rows.find(c, owner, str(path), document_id, is_there)
        if known is not None and known.path != str(path):
            rows.move(c, known, str(path))


def follow_rename(parts: Parts, source: Path, target: Path) -> None:
    """Note the new places of all workflows in a file or folder that was renamed."""
    rows = parts.store.workflows
    with parts.store.write() as c:
        for workflow in rows.below(c, str(source)):
            rows.move(c, workflow, str(target / Path(workflow.path).relative_to(source)))


def original_of(parts: Parts, owner: str, path: Path, document_id: str) -> str:
    """Return the path of the workflow that the file at `path` is a copy of; empty for none."""
    if not document_id:
        return ""
    rows = parts.store.workflows
    with parts.store.read() as c:
        same = rows.of_document(c, owner, document_id)
    oldest = next((one for one in same if is_there(one.path, document_id)), None)
    return oldest.path if oldest and oldest.path != str(path) else ""


def _id_of(path: Path) -> str:
    return read_document(path.read_bytes()).meta.id
