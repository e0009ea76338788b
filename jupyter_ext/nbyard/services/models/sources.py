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
    newest = _Newest()
    last = ""
    for _ in range(0, MOST_READ, PAGE):
        with parts.store.read() as c:
            made, last = parts.store.artifacts.models(c, owner, PAGE, last)
        newest.add(made)
        if not last or len(newest.outputs) >= limit:
            return newest.outputs[:limit], True
    # Other workflows may have older results: read the newest of each, and of single files.
    rows, known = parts.store.artifacts, {workflow for workflow, _, _ in newest.sources}
    with parts.store.read() as c:
        older = rows.models_of_workflow(c, owner, "", RUNS_OF_FILES)
        for saved_workflow in parts.store.workflows.page(c, owner, MOST_WORKFLOWS, "", ""):
            if saved_workflow.id not in known:
                older += rows.models_of_workflow(c, owner, saved_workflow.id, RUNS_OF_EACH)
    newest.add(sorted(older, key=lambda each: each.output.created_at, reverse=True))
    return newest.outputs[:limit], False


class _Newest:
    """Collects the newest result of each source, and equal bytes of one title once."""

    def __init__(self) -> None:
        self.outputs: list[ModelOutput] = []
        self.sources: set[tuple[str, str, str]] = set()
        self._known: set[tuple[str, str, str]] = set()

    def add(self, made: Iterable[SourcedOutput]) -> None:
        """Add results, which come newest first."""
        for source, alike, output in made:
            if source not in self.sources and alike not in self._known:
                self.outputs.append(output)
                self._known.add(alike)
            self.sources.add(source)


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
