"""Finds what users can make a model of: outputs of runs, and classes with `predict` in files."""

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


def sources_of_models(parts: ServiceContext, owner: str, limit: int) -> ModelSources:
    """Return up to `limit` outputs of runs and classes in files that may be models."""
    outputs = _outputs_of_runs(parts, owner, limit + 1)
    classes = _classes_of_files(parts.files, limit + 1)
    cut = max(len(outputs), len(classes)) > limit
    return ModelSources(outputs[:limit], classes[:limit], cut)


def _outputs_of_runs(parts: ServiceContext, owner: str, limit: int) -> list[ModelOutput]:
    """Return the newest result of each output, newest first, and equal bytes of one title once."""
    with parts.store.read() as c:
        run_ids = parts.store.results.newest_runs(c, owner)
        made = parts.store.artifacts.models_of_runs(c, owner, run_ids)
    outputs: list[ModelOutput] = []
    sources, known = set(), set()
    for source, alike, output in made:
        if source not in sources and alike not in known:
            outputs.append(output)
            known.add(alike)
        sources.add(source)
    return outputs[:limit]


def _classes_of_files(files: ProjectFiles, limit: int) -> list[ModelClass]:
    """Return the classes of Python files that have `predict`, in the order of the files."""
    classes: list[ModelClass] = []
    for file in files.with_suffix(".py"):
        try:
            if file.stat().st_size > MAX_SOURCE:
                continue
            content = file.read_bytes()
            # Parsing every Python file below the root would take long. This test excludes most of
            # them.
            names = class_names(content, file.name) if MARK in content else []
        except (OSError, NbyardError):
            continue
        classes += [ModelClass(files.shown(file), name) for name in names]
        if len(classes) >= limit:
            break
    return classes[:limit]
