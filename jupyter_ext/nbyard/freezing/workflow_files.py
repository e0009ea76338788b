"""Check which workflow files exist, and read the IDs of their documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.projects.definitions import FOLDER
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import NbyardError
from nbyard.freezing.pushed_folders import in_push, push_of
from nbyard.host.project_files import MAX_DOCUMENT

if TYPE_CHECKING:
    from nbyard.domain.workflows.structs import Document, Workflow
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.store import Connection, Store
    from nbyard.store.workflows import IsThere


def is_there(path: str, document_id: str) -> bool:
    """Return whether a file exists and has the document with this ID.

    The result is also true for a file that cannot be read, or is too large.
    """
    try:
        file = Path(path)
        return file.stat().st_size > MAX_DOCUMENT or document_id_of(file) == document_id
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, NbyardError):
        # In doubt, the file is there: otherwise its copy would get the workflow with its history.
        return True


def files_now(context: FreezingContext, owner: str, path: str, document_id: str) -> IsThere:
    """Return `is_there` with cached results, so that a transaction reads no files.

    Only the known files of this document are checked. The result is true for all others, and for
    files outside the project of a pushed document: it never takes their history.
    """
    if not document_id:
        return lambda *_: True
    rows, real = context.store.workflows, str(context.files.locate(path))
    with context.store.read() as c:
        here = rows.by_path(c, owner, real)
        is_known = here is not None and here.document_id == document_id
        same = [] if is_known else rows.of_document(c, owner, document_id)
        push = push_of(context.store, Path(real))
        removed = {w.path for w in same if push and was_pushed(context.store, c, push, w.path)}
    presence_by_path = dict.fromkeys(removed, False)
    for workflow in same:
        # Files of other pushes of the project count as replaced by those of this one.
        newest = in_push(push, workflow.path) if push else workflow.path
        if newest is not None:
            presence_by_path[workflow.path] = is_there(str(newest), document_id)
    return lambda place, _: presence_by_path.get(place, True)


def was_pushed(store: Store, c: Connection, push: Path, path: str) -> bool:
    """Return whether `path` is the ID of a workflow that ran from a push of the same project.

    A workflow has its ID as its path if its file was deleted or replaced.
    """
    if Path(path).is_absolute():
        return False
    return store.templates.has_run_in(c, path, f"{FOLDER}/{push.parent.name}")


def store_workflow(
    store: Store, c: Connection, owner: str, path: str, document: Document, is_there: IsThere
) -> Workflow:
    """Return the workflow of a document; create or update its row.

    A file of a pushed project continues the workflow of the same file in other pushes.
    """
    rows = store.workflows
    push = push_of(store, Path(path))
    if push is not None and rows.by_path(c, owner, path) is None:
        for workflow in rows.ending(c, owner, str(push.parent), path.removeprefix(str(push))):
            is_same = not document.meta.id or workflow.document_id in ("", document.meta.id)
            if is_same and str(in_push(push, workflow.path)) == path:
                rows.move(c, workflow, path)
                break
    return rows.create_or_update(c, owner, path, document, is_there)


def document_id_of(path: Path) -> str:
    """Return the ID of the document in a file; empty if the document has none."""
    return read_document(path.read_bytes()).meta.id
