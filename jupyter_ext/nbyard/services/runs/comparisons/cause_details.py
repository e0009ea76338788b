"""Adds details to causes of differences: changed cells of notebooks, and versions of datasets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from nbyard.domain.comparison.changed_cells import changed_cells, shorten_source
from nbyard.domain.comparison.facts import RunFacts
from nbyard.domain.comparison.input_changes import file_change
from nbyard.domain.comparison.structs import Cause, DatasetLink
from nbyard.domain.executables.code_diffs import diff_lines
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.services.executables.version_diffs import content_of
from nbyard.services.runs.comparisons.output_comparisons import compare_inputs
from nbyard.services.service_context import ServiceContext

MAX_CAUSES = 200


class CauseDetails:
    """Adds details from the store to causes of differences between two runs."""

    def __init__(self, parts: ServiceContext, owner: str, old: RunFacts, new: RunFacts) -> None:
        self._parts = parts
        self._owner = owner
        self._old = old
        self._new = new

    def with_details(self, causes: Sequence[Cause]) -> list[Cause]:
        """Return the causes with their details, at most MAX_CAUSES in total."""
        detailed_causes = (detailed for cause in causes for detailed in self._of(cause))
        return [*islice(detailed_causes, MAX_CAUSES)]

    def _of(self, cause: Cause) -> Iterator[Cause]:
        if cause.kind == "data":
            yield self._data(cause)
        elif cause.kind == "code" and len(cause.code) == 2:
            yield from self._code(cause)
        elif cause.kind == "file":
            yield self._file(cause)
        else:
            yield cause

    def _data(self, cause: Cause) -> Cause:
        """Return a cause of changed data with its dataset's versions.

        If the data are not versions of one dataset, the difference between the files is added.
        """
        given = [facts.tasks[cause.node].inputs[cause.name] for facts in (self._old, self._new)]
        digests = [task_input.digest for task_input in given]
        with self._parts.store.read() as c:
            versions = self._parts.store.compared.versions_of(c, self._owner, digests)
        then, now = (
            # The same bytes may be several versions of a dataset. Reversed, the newest version
            # wins.
            {version.dataset: version for version in reversed(versions.get(digest, []))}
            for digest in digests
        )
        for dataset, after in now.items():
            if dataset not in then:
                continue
            before = then[dataset]
            link = DatasetLink(dataset, after.name, before.number, after.number)
            texts = f"{before.name} v{before.number}", f"{after.name} v{after.number}"
            reason = because("data-changed", name=cause.name, old=texts[0], new=texts[1])
            changes = {"dataset": link, "reason": reason, "before": texts[0], "after": texts[1]}
            return msgspec.structs.replace(cause, **changes)
        old, new = given[0].file, given[1].file
        if old is None or new is None:
            return cause
        reason = file_change(new.filename, compare_inputs(self._parts, old, new))
        return msgspec.structs.replace(cause, reason=reason)

    def _file(self, cause: Cause) -> Cause:
        """Return a cause of a changed file beside the code; of a table, with what changed."""
        old, new = (
            facts.tasks[cause.node].file_beside(cause.name) for facts in (self._old, self._new)
        )
        if old is None or new is None:
            return cause
        compared = compare_inputs(self._parts, old, new)
        if not compared.columns:
            return cause
        return msgspec.structs.replace(cause, reason=file_change(new.filename, compared))

    def _code(self, cause: Cause) -> Iterator[Cause]:
        """Yield a cause for each changed cell of a notebook.

        For other code, add the changed lines.
        """
        with self._parts.store.read() as c:
            versions = [
                self._parts.store.executables.version(c, code.version_id) for code in cause.code
            ]
        old, new = versions
        if old is None or new is None:
            yield cause
            return
        contents = [content_of(self._parts.blobs, version.content_digest) for version in (old, new)]
        if (old.kind, new.kind) == ("notebook", "notebook"):
            yield from self._cells(cause, *contents)
            return
        texts = [content.decode("utf-8", "replace") for content in contents]
        lines = list(diff_lines(*texts))
        sides = [
            shorten_source("\n".join(line.text for line in lines if line.kind == kind))
            for kind in ("removed", "added")
        ]
        yield msgspec.structs.replace(cause, before=sides[0] or None, after=sides[1] or None)

    def _cells(self, cause: Cause, old: bytes, new: bytes) -> Iterator[Cause]:
        """Yield a cause for each changed cell, or the cause itself if no cell has changed."""
        from nbyard.kinds.notebook import read_notebook

        try:
            changes = changed_cells(read_notebook(old), read_notebook(new))
        # A stored version may be no valid notebook. The cause then has no cells.
        except Invalid:
            changes = []
        reasons = {
            "changed": "cell-changed",
            "added": "cell-added",
            "removed": "cell-removed",
        }
        for change in changes:
            reason = because(reasons[change.change], cell=change.cell)
            sides = {"before": change.before, "after": change.after}
            yield msgspec.structs.replace(cause, reason=reason, cell=change.cell, **sides)
        if not changes:
            yield cause
