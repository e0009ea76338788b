"""What can become a model: outputs of runs, and classes with `predict` in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.models.model_classes import PREDICT, class_names
from nbyard.domain.models.structs import ModelClass, ModelOutput, ModelSources
from nbyard.errors import NbyardError

if TYPE_CHECKING:
    from nbyard.host.project_files import ProjectFiles
    from nbyard.services.service_context import ServiceContext

MARK = f"def {PREDICT}".encode()
# A longer file holds data rather than a class.
MAX_SOURCE = 1 << 20
PAGE = 400
# A workflow that ran very often hides older models of others; beyond it, the list opens too slowly.
MOST_READ = 20_000


def sources_of_models(parts: ServiceContext, owner: str, limit: int) -> ModelSources:
    """Return up to `limit` outputs of runs and classes of files that may be models."""
    outputs, is_whole = _outputs_of_runs(parts, owner, limit + 1)
    classes = _classes_of_files(parts.files, limit + 1)
    cut = not is_whole or max(len(outputs), len(classes)) > limit
    return ModelSources(outputs[:limit], classes[:limit], cut)


def _outputs_of_runs(
    parts: ServiceContext, owner: str, limit: int
) -> tuple[list[ModelOutput], bool]:
    """Return the newest result of each output, newest first, and whether all results were read."""
    found: dict[tuple[str, str, str], ModelOutput] = {}
    last = ""
    for _ in range(0, MOST_READ, PAGE):
        with parts.store.read() as c:
            rows = parts.store.artifacts.models(c, owner, PAGE, last)
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
        if len(rows) < PAGE or len(found) >= limit:
            return list(found.values())[:limit], True
        last = rows[-1].id
    return list(found.values()), False


def _classes_of_files(files: ProjectFiles, limit: int) -> list[ModelClass]:
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
