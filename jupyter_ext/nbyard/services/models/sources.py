"""Finds what users can make a model of: outputs of runs, and classes with `predict` in files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nbyard.domain.models.model_classes import PREDICT, class_names
from nbyard.domain.models.structs import ModelClass, ModelOutput, ModelSources
from nbyard.errors import NbyardError

if TYPE_CHECKING:
    from nbyard.host.project_files import ProjectFiles
    from nbyard.services.service_context import ServiceContext
    from nbyard.store.runs.artifacts_and_cache import SourcedOutput

MARK = f"def {PREDICT}".encode()
# A longer file holds data rather than a class.
MAX_SOURCE = 1 << 20
PAGE = 400
# A workflow that ran very often hides older models of others. Then each workflow is asked.
MOST_READ = 1_200
MOST_WORKFLOWS, RUNS_OF_EACH, RUNS_OF_FILES = 50, 20, 200
Outputs = dict[tuple[str, str, str], ModelOutput]


def sources_of_models(parts: ServiceContext, owner: str, limit: int) -> ModelSources:
    """Return up to `limit` outputs of runs and classes in files that may be models."""
    outputs, is_whole = _outputs_of_runs(parts, owner, limit + 1)
    classes = _classes_of_files(parts.files, limit + 1)
    cut = not is_whole or max(len(outputs), len(classes)) > limit
    return ModelSources(outputs[:limit], classes[:limit], cut)


def _outputs_of_runs(
    parts: ServiceContext, owner: str, limit: int
) -> tuple[list[ModelOutput], bool]:
    """Return the newest result of each output, newest first.

    Return whether all were searched.
    """
    outputs: Outputs = {}
    last = ""
    for _ in range(0, MOST_READ, PAGE):
        with parts.store.read() as c:
            made, last = parts.store.artifacts.models(c, owner, PAGE, last)
        _add(outputs, made)
        if not last or len(outputs) >= limit:
            return list(outputs.values())[:limit], True
    # Other workflows may have older results: read the newest of each, and of single files.
    rows, known = parts.store.artifacts, {workflow for workflow, _, _ in outputs}
    with parts.store.read() as c:
        _add(outputs, rows.models_of_workflow(c, owner, "", RUNS_OF_FILES))
        for saved_workflow in parts.store.workflows.page(c, owner, MOST_WORKFLOWS, "", ""):
            if saved_workflow.id not in known:
                _add(outputs, rows.models_of_workflow(c, owner, saved_workflow.id, RUNS_OF_EACH))
    return sorted(outputs.values(), key=lambda output: output.created_at, reverse=True)[
        :limit
    ], False


def _add(outputs: Outputs, made: Iterable[SourcedOutput]) -> None:
    """Add outputs that are not in `outputs` yet.

    Results come newest first, so the newest one stays.
    """
    for source, output in made:
        outputs.setdefault(source, output)


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
