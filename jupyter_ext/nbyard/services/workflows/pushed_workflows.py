"""The workflows among the files of a push, so that lists have them before they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.workflows.structs import Document, read_document
from nbyard.errors import NbyardError
from nbyard.host.project_files import MAX_DOCUMENT, ProjectFiles

if TYPE_CHECKING:
    from nbyard.store import Connection, Store


def pushed_documents(folder: Path) -> dict[Path, Document]:
    """Return the documents in a folder of pushed files; damaged ones are left out."""
    documents = {}
    for file in ProjectFiles(folder).documents():
        try:
            if file.stat().st_size <= MAX_DOCUMENT:
                documents[file] = read_document(file.read_bytes())
        except (OSError, NbyardError):
            continue
    return documents


def store_workflows(
    store: Store, c: Connection, owner: str, folder: Path, documents: dict[Path, Document]
) -> None:
    """Store the workflows of a push, which replace those of the previous one.

    A workflow whose path in the project is the same keeps its history.
    """
    rows = store.workflows
    for workflow in rows.below(c, str(folder.parent)):
        push, *path = Path(workflow.path).relative_to(folder.parent).parts
        target = folder.joinpath(*path)
        if push == folder.name:
            continue
        if target in documents and rows.by_path(c, owner, str(target)) is None:
            rows.move(c, workflow, str(target))
        else:
            rows.release(c, workflow)
    for file, document in documents.items():
        rows.create_or_update(c, owner, str(file), document)


def release_workflows(store: Store, c: Connection, folder: Path) -> None:
    """Remove the workflows of deleted pushed files from lists. Their runs are kept."""
    for workflow in store.workflows.below(c, str(folder)):
        store.workflows.release(c, workflow)
