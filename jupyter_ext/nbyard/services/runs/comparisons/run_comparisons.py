"""Service operations that compare runs and explain differences.

Adds details to causes of differences: changed cells of notebooks, and versions of datasets.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.callers import Caller
from nbyard.domain.comparison.causes import (
    changed_cells,
    differing_results,
    find_causes,
    last_nodes,
    output_change,
    shorten_source,
)
from nbyard.domain.comparison.facts import InputFile, OutputFile, RunFacts
from nbyard.domain.comparison.run_comparisons import compare_runs, kind_of, series_of
from nbyard.domain.comparison.structs import (
    Cause,
    DatasetLink,
    Explanation,
    MetricHistory,
    OutputComparison,
    RunComparison,
)
from nbyard.domain.datasets.comparisons import MAX_FILES, Content, compare_columns, compare_files
from nbyard.domain.executables.code_diffs import MAX_LINES, Diff, diff_lines, shorten_line
from nbyard.domain.runs.structs import Run, Task
from nbyard.errors import Invalid, NotFound
from nbyard.reasons.structs import because
from nbyard.services.executables.version_diffs import content_diff, content_of, version_diff
from nbyard.services.operation import operation
from nbyard.services.runs.comparisons.run_facts import (
    FactReader,
    Metrics,
    only_metrics,
    output_file,
)
from nbyard.services.runs.forecasts import RunForecasts
from nbyard.services.service_context import ServiceContext

if TYPE_CHECKING:
    from nbyard.store import Connection

MAX_TEXT_BYTES = 1 << 20
MAX_CAUSES = 200


def compare_outputs(context: ServiceContext, old: OutputFile, new: OutputFile) -> OutputComparison:
    """Compare two files by their kind.

    Of pictures and other files, only the bytes are compared.
    """
    if old.digest == new.digest:
        return OutputComparison(old, new, same=True)
    kind = kind_of((old, new))
    if kind == "folder":
        then, now = (
            {
                entry.path: Content(entry.digest, entry.size_bytes)
                for entry in context.blobs.tree(file.digest).files
            }
            for file in (old, new)
        )
        changes = compare_files(then, now)
        files = changes[:MAX_FILES]
        return OutputComparison(old, new, False, files=files, cut=len(changes) > MAX_FILES)
    if kind == "table":
        try:
            profiles = [
                context.tables.whole_profile(context.table(file.digest, file.filename))
                for file in (old, new)
            ]
        except Invalid as error:
            return OutputComparison(old, new, False, note=error.reason)
        rows = [profile.rows for profile in profiles]
        return OutputComparison(old, new, False, columns=compare_columns(*profiles), rows=rows)
    return compare_texts(context, old, new) if kind == "text" else OutputComparison(old, new, False)


def compare_inputs(context: ServiceContext, old: InputFile, new: InputFile) -> OutputComparison:
    """Compare inputs of two runs that come from outside.

    If they are not stored, compare digests.
    """
    if not all(file.digest and context.blobs.exists(file.digest) for file in (old, new)):
        note = because("input-not-stored")
        is_same = old.digest == new.digest
        return OutputComparison(old.as_output(), new.as_output(), is_same, note=note)
    sizes = [context.blobs.path(file.digest).stat().st_size for file in (old, new)]
    return compare_outputs(context, old.as_output(sizes[0]), new.as_output(sizes[1]))


def compare_texts(context: ServiceContext, old: OutputFile, new: OutputFile) -> OutputComparison:
    """Compare two texts by line, or two notebooks by cell."""
    if max(old.size_bytes, new.size_bytes) > MAX_TEXT_BYTES:
        too_long = because("too-many-bytes", most=MAX_TEXT_BYTES)
        return OutputComparison(old, new, False, note=too_long)
    contents = [content_of(context.blobs, file.digest) for file in (old, new)]
    are_notebooks = (old.format, new.format) == ("ipynb", "ipynb")
    try:
        lines, note = content_diff(*contents, are_notebooks=are_notebooks)
    except Invalid:  # an output only named like a notebook
        lines, note = content_diff(*contents, are_notebooks=False)
    short = [*map(shorten_line, lines[:MAX_LINES])]
    return OutputComparison(old, new, False, lines=short, cut=len(lines) > MAX_LINES, note=note)


class CauseDetails:
    """Adds details from the store to causes of differences between two runs."""

    def __init__(self, context: ServiceContext, owner: str, old: RunFacts, new: RunFacts) -> None:
        self._context = context
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
        with self._context.store.read() as c:
            versions = self._context.store.compared.versions_of(c, self._owner, digests)
        then, now = (
            # The same bytes may be several versions of a dataset. Reversed, the newest wins.
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
        reason = output_change(new.filename, compare_inputs(self._context, old, new))
        return msgspec.structs.replace(cause, reason=reason)

    def _file(self, cause: Cause) -> Cause:
        """Return a cause of a changed file beside the code; of a table, with what changed."""
        old, new = (
            facts.tasks[cause.node].code_folder_file(cause.name) for facts in (self._old, self._new)
        )
        if old is None or new is None:
            return cause
        compared = compare_inputs(self._context, old, new)
        if not compared.columns:
            return cause
        return msgspec.structs.replace(cause, reason=output_change(new.filename, compared))

    def _code(self, cause: Cause) -> Iterator[Cause]:
        """Yield a cause for each changed cell of a notebook.

        For other code, add the changed lines.
        """
        with self._context.store.read() as c:
            versions = [
                self._context.store.executables.version(c, code.version_id) for code in cause.code
            ]
        old, new = versions
        if old is None or new is None:
            yield cause
            return
        contents = [
            content_of(self._context.blobs, version.content_digest) for version in (old, new)
        ]
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


LEAST_RUNS, MOST_RUNS = 2, 10
MOST_TASKS = 10_000
MOST_NAMES = 20
# Pictures are read for at most this long; those that were read are known the next time.
SECONDS = 2.0


class RunComparisons(RunForecasts):
    """The part of the run service that compares runs."""

    @operation("GET", "/runs/{run}/compare", scope="runs:read")
    def compare(
        self, caller: Caller, run: str, others: str, everything: bool = False
    ) -> RunComparison:
        """Compare a run with other runs, side by side.

        `others` are IDs, names or numbers, separated by commas: at most nine. The answer lists what
        differs, and with `everything` also what is equal.

        Raises:
            Invalid: too few or too many runs.
        """
        keys = [run, *(key for key in others.split(",") if key)]
        if not LEAST_RUNS <= len(keys) <= MOST_RUNS:
            raise Invalid.field(
                "others",
                f"must list {LEAST_RUNS - 1} to {MOST_RUNS - 1} runs, not {len(keys) - 1}",
            )
        return compare_runs(self._facts(caller, keys), everything)

    @operation("GET", "/runs/{run}/tasks/{node}/compare", scope="runs:read")
    def compare_code(self, caller: Caller, run: str, node: str, other: str) -> Diff:
        """Compare the code of a node with that in another run.

        The lines show how the code of `run` became that of `other`.

        Raises:
            NotFound: the code of the node was deleted.
        """
        versions = []
        for key in (run, other):
            task = self._bare_task(caller, key, node)
            with self._store.read() as c:
                version = self._store.executables.version(c, task.executable_version_id)
            if version is None:
                raise NotFound(because("code-gone", node=task.label))
            versions.append(version)
        return version_diff(self._context.blobs, *versions)

    @operation("GET", "/runs/{run}/tasks/{node}/outputs/{output}/compare", scope="runs:read")
    def compare_output(
        self, caller: Caller, run: str, node: str, output: str, other: str
    ) -> OutputComparison:
        """Compare an output of a node with that in another run.

        Tables are compared by column, folders by file, texts by line.

        Raises:
            NotFound: the node has no such output.
        """
        files = []
        for key in (run, other):
            task = self._bare_task(caller, key, node)
            with self._store.read() as c:
                artifact = self._store.artifacts.of_task(c, task.id).get(output)
            if artifact is None:
                raise NotFound(f"'{node[:80]}' has no output '{output[:80]}'.")
            files.append(output_file(artifact))
        return compare_outputs(self._context, *files)

    @operation("GET", "/runs/{run}/tasks/{node}/inputs/{name}/compare", scope="runs:read")
    def compare_input(
        self, caller: Caller, run: str, node: str, name: str, other: str
    ) -> OutputComparison:
        """Compare the data that an input got from outside the run with that in another run.

        `name` is the input, or the path of a file beside the code. Tables are compared by column,
        folders by file, texts by line.

        Raises:
            NotFound: the node got no such data.
        """
        files = []
        for facts in self._facts(caller, [run, other]):
            task = facts.tasks.get(node)
            given = task.inputs.get(name) if task else None
            beside = task.code_folder_file(name) if task else None
            file = given.file if given else beside
            if file is None:
                raise NotFound(f"{node[:80]} received no data for '{name[:80]}'.")
            files.append(file)
        return compare_inputs(self._context, *files)

    @operation("GET", "/runs/{run}/why", scope="runs:read")
    def why(
        self,
        caller: Caller,
        run: str,
        other: str,
        node: str = "",
        metric: str = "",
        output: str = "",
    ) -> Explanation:
        """Explain why results of a run differ from those of an older one, `other`.

        `node` limits it to one node, with `metric` or `output` to one of its results. Causes come
        nearest first: parameters, data, code, packages and files outside the code folder.

        Raises:
            NotFound: the run has no such node, metric or output.
        """
        old, new = self._facts(caller, [other, run])
        tasks = [facts.tasks[node] for facts in (old, new) if node in facts.tasks]
        if node and not tasks:
            raise NotFound(f"The run has no node '{node[:80]}'.")
        names = sorted({name for task in tasks for name in (*task.metrics, *task.outputs)})
        hint = f"Its metrics and outputs are: {', '.join(names[:MOST_NAMES])}." if names else None
        if metric and not any(metric in task.metrics for task in tasks):
            why = f"'{node[:80]}' has no metric '{metric[:80]}'."
            raise NotFound(why, hint=hint)
        if output and not any(output in task.outputs for task in tasks):
            why = f"'{node[:80]}' has no output '{output[:80]}'."
            raise NotFound(why, hint=hint)
        results = [
            difference
            for difference in differing_results(old, new)
            if not node or difference.node == node
            if not metric or (difference.kind, difference.name) == ("metric", metric)
            if not output or (difference.kind, difference.name) == ("output", output)
        ]
        start = last_nodes(old, new, [difference.node for difference in results])
        causes = find_causes(old, new, start)
        details = CauseDetails(self._context, caller.name, old, new)
        return Explanation(old.run, new.run, results, details.with_details(causes))

    @operation("GET", "/run-metrics", scope="runs:read")
    def metric_history(
        self, caller: Caller, workflow: str = "", executable: str = "", limit: int = 50
    ) -> MetricHistory:
        """Show the metrics of the newest successful runs, oldest run first.

        They are those of a workflow, by ID or path, or of an executable. Metrics are numbers that
        the code recorded, or else those of a JSON output.
        """
        of = {"state": "succeeded", "workflow": workflow, "executable": executable}
        runs = self.list(caller, limit, **of, details=True).items[::-1]
        facts = [only_metrics(run, run.metrics) for run in runs]
        return MetricHistory(runs, series_of(facts))

    def recorded(self, caller: Caller, run: str) -> Run:
        """Return a run, which must not be a scratch run, by ID, name or number."""
        with self._store.read() as c:
            return self._recorded(c, caller, run)

    def metrics_of(self, caller: Caller, run: Run) -> Metrics:
        """Return the metrics of each node of a run."""
        with self._store.read() as c:
            return self._metrics(c, caller, [run.id])[run.id]

    def _bare_task(self, caller: Caller, run: str, node: str) -> Task:
        with self._store.read() as c:
            task = self._store.tasks.view(c, self._find(c, caller, run).id, node)
        if task is None:
            raise NotFound(f"The run has no node '{node[:80]}'.")
        return task

    def _facts(self, caller: Caller, keys: Sequence[str]) -> list[RunFacts]:
        """Return the facts for comparing runs, which are given by ID, name or number."""
        end = time.monotonic() + SECONDS
        with self._store.read() as c:
            reader = FactReader(self._store, c)
            runs = [self._with_shown_path(self._recorded(c, caller, key)) for key in keys]
            metrics = self._metrics(c, caller, [run.id for run in runs])
            return [reader.read(run, metrics[run.id], self._pictures(c, run, end)) for run in runs]

    def _pictures(self, c: Connection, run: Run, end: float) -> dict[str, str]:
        """Return the digest of the last picture in each node's executed notebook."""
        made = self._store.tasks.succeeded(c, run.id, MOST_TASKS, "", [])
        digests_by_node: dict[str, str] = {}
        for node, files in self._files_of(c, run, made).items():
            for file in (
                output for output in files if output.name == EXECUTED and output.may_be_shown
            ):
                known = self._known(file)
                if known is None and time.monotonic() < end:
                    known = self._read(file)
                # The bytes of an executed notebook always differ; its last picture may be equal.
                if known and known.picture:
                    picture = self._context.tables.picture(self._table(file))
                    digests_by_node[node] = f"sha256:{hashlib.sha256(picture).hexdigest()}"
        return digests_by_node
