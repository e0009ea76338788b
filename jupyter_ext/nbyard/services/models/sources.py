"""What can become a model: outputs of runs, and classes with `predict` in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.models.model_classes import PREDICT, class_names
from nbyard.domain.models.structs import ModelClass, ModelOutput
from nbyard.errors import NbyardError

if TYPE_CHECKING:
    from nbyard.host.project_files import ProjectFiles
    from nbyard.services.service_context import ServiceContext

MARK = f"def {PREDICT}".encode()
# A longer file holds data rather than a class.
MAX_SOURCE = 1 << 20
# A workflow that ran often must not hide the models of others.
READ_PER_SHOWN = 20


def outputs_of_runs(parts: ServiceContext, owner: str, limit: int) -> list[ModelOutput]:
    """Return the newest result of each output that may be a model, newest first."""
    with parts.store.read() as c:
        rows = parts.store.artifacts.models(c, owner, limit * READ_PER_SHOWN)
    found: dict[tuple[str, str, str], ModelOutput] = {}
    for row in rows:
        made = ModelOutput(
            row.run_id,
            row.number,
            row.title,
            f"{row.node}.{row.name}",
            row.size_bytes,
            row.created_at,
        )
        found.setdefault((row.workflow_id or row.run_id, row.node, row.name), made)
    return list(found.values())[:limit]


def classes_of_files(files: ProjectFiles, limit: int) -> list[ModelClass]:
    """Return the classes of Python files that have `predict`, in the order of the files."""
    found: list[ModelClass] = []
    for file in files.with_suffix(".py"):
        try:
            if file.stat().st_size > MAX_SOURCE:
                continue
            content = file.read_bytes()
            names = class_names(content, file.name) if MARK in content else []
        except (OSError, NbyardError):
            continue
        found += [ModelClass(files.shown(file), name) for name in names]
        if len(found) >= limit:
            break
    return found[:limit]
