"""Find the causes of a difference between two runs: nearest first, along the connections.

Also describes how data and cells of notebooks changed.
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from nbyard.domain.attempts.outside_files import OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.explanation import (
    differing_names,
    file_change,
    input_change,
    package_change,
    shortened,
    value_change,
)
from nbyard.domain.caching.relevant_changes import files_that_count
from nbyard.domain.comparison.facts import RunFacts, TaskFacts
from nbyard.domain.comparison.structs import Cause, CauseKind, DifferingResult, OutputComparison
from nbyard.reasons.structs import Reason, because

MAX_CHANGES = 3
# The figure of a changed column that users recognize first.
FIGURES = ("type", "max", "min", "mean", "nulls", "distinct", "count")
MAX_CHARS = 2_000


def outside_changes(then: Observed | None, now: Observed | None) -> Iterator[tuple[str, Reason]]:
    """Yield the changed paths outside the code folder, with the change.

    Only paths that both tasks used count. Another path follows from other code or values.
    """
    old = then.outside if then else {}
    new = now.outside if now else {}
    for path in sorted(old.keys() & new.keys()):
        if change := change_between(path, old[path], new[path]):
            yield path, change


def change_between(path: str, old: OutsideFile, new: OutsideFile) -> Reason | None:
    """Return how the state of a path changed, None if a result may not depend on the change."""
    before, after = old.state, new.state
    if "changed" in (before.kind, after.kind):
        return because("file-changed-meanwhile", name=path)
    if before.kind != after.kind:
        return file_change(path, before.kind != "missing", after.kind != "missing")
    if not (old.is_read and new.is_read):
        return None
    if old.digest and new.digest:
        is_same = old.digest == new.digest
    else:
        # Large files have no digest, so a new time counts as a change.
        is_same = (before.size, before.mtime_ns) == (after.size, after.mtime_ns)
    if is_same:
        return None
    return because("folder-changed" if before.kind == "folder" else "file-changed", name=path)


MAX_VALUE_CHARS = 200


class NodeCauses:
    """Finds the causes of a difference at one node, from its facts in both runs.

    `distance` counts the connections from the node to the differing result.
    """

    def __init__(self, then: TaskFacts, now: TaskFacts, distance: int) -> None:
        self._then = then
        self._now = now
        self._distance = distance

    def find(self) -> Iterator[Cause]:
        """Yield the causes in the order in which users can change them."""
        # A pinned node shows the result of another run, so its code and values explain nothing.
        if self._then.pinned != self._now.pinned:
            runs = [
                str(facts.pinned) if facts.pinned else None for facts in (self._then, self._now)
            ]
            yield self._cause("pin", self._now.node, because("pin-changed"), *runs)
            return
        yield from self._values()
        yield from self._inputs()
        yield from self._code()
        yield from self._files()
        yield from self._environment()
        for path, reason in outside_changes(self._then.observed, self._now.observed):
            yield self._cause("outside", path, reason)

    def without_cause(self) -> Cause:
        """Return the cause of a difference that no change explains.

        It is *unrecorded* if a run recorded no inputs of the node, else *nondeterministic*.
        """
        node = self._now.node
        if not self._then.parts or not self._now.parts:
            return self._cause("unrecorded", node, because("inputs-not-recorded"))
        return self._cause("nondeterministic", node, because("nondeterministic"))

    def _cause(
        self,
        kind: CauseKind,
        name: str,
        reason: Reason,
        before: str | None = None,
        after: str | None = None,
    ) -> Cause:
        now = self._now
        return Cause(kind, now.node, now.label, self._distance, name, reason, before, after)

    def _values(self) -> Iterator[Cause]:
        then, now = self._then.values, self._now.values
        for name in differing_names(then, now):
            before, after = shortened(then, now, name, MAX_VALUE_CHARS)
            yield self._cause("parameter", name, value_change(name, before, after), before, after)

    def _inputs(self) -> Iterator[Cause]:
        for name in differing_names(self._then.inputs, self._now.inputs):
            before, after = self._then.inputs.get(name), self._now.inputs.get(name)
            texts = [side.source if side else None for side in (before, after)]
            changed = input_change(name, before is not None, after is not None)
            if before is None or after is None:
                yield self._cause("connection", name, changed, *texts)
            elif before.digest == after.digest:
                # Equal data from another place explains no difference.
                continue
            elif (before.node, before.output) != (after.node, after.output):
                yield self._cause("connection", name, because("input-moved", name=name), *texts)
            # Different data of another node is a cause at that node.
            elif not before.node:
                yield self._cause("data", name, changed, *texts)

    def _code(self) -> Iterator[Cause]:
        then, now = self._then, self._now
        if then.code and now.code and then.code.digest != now.code.digest:
            cause = self._cause("code", now.code.file, because("code-changed"))
            yield msgspec.structs.replace(cause, code=[then.code, now.code])
        elif then.parts and now.parts and then.parts.declaration != now.parts.declaration:
            yield self._cause("declaration", now.label, because("declaration-changed"))

    def _files(self) -> Iterator[Cause]:
        """Yield the files of the code folder that changed, unless neither task read them."""
        then, now = self._then, self._now
        if not then.parts or not now.parts:
            return
        for name in changed_files(then, now):
            reason = file_change(name, name in then.parts.files, name in now.parts.files)
            yield self._cause("file", name, reason)

    def _environment(self) -> Iterator[Cause]:
        then, now = self._then, self._now
        if not then.parts or not now.parts or then.parts.environment == now.parts.environment:
            return
        are_known = then.packages and now.packages
        names = differing_names(then.packages, now.packages) if are_known else []
        for name in sorted(names, key=str.lower):
            before, after = then.packages.get(name), now.packages.get(name)
            yield self._cause("package", name, package_change(name, before, after), before, after)
        if not names:
            texts = (then.environment or None, now.environment or None)
            reason = because("environment-changed")
            yield self._cause("environment", now.environment, reason, *texts)


def changed_files(then: TaskFacts, now: TaskFacts) -> list[str]:
    """Return the files of the code folder that changed, sorted.

    Files that neither task read do not count. A file that is also an input counts as input.
    """
    if not then.parts or not now.parts:
        return []
    given = {
        (before.digest, after.digest)
        for name, before in then.inputs.items()
        if (after := now.inputs.get(name))
    }
    old, new = then.parts.files, now.parts.files
    observed = (then.observed, now.observed)
    return [
        name
        for name in files_that_count(old, new, observed)
        if (old.get(name), new.get(name)) not in given
    ]


def differing_results(old: RunFacts, new: RunFacts) -> list[DifferingResult]:
    """Return the metrics, outputs and states that differ between two runs.

    They are in the order of the graph.
    """
    differences = []
    for node, (then, now) in _pairs(old, new).items():
        numbers = [facts.metrics if facts else {} for facts in (then, now)]
        for name in differing_names(*numbers):
            values = (metrics.get(name) for metrics in numbers)
            texts = [f"{value:.12g}" if isinstance(value, float) else value for value in values]
            differences.append(DifferingResult(node, name, "metric", *texts))
        digests = [
            {name: file.compared for name, file in facts.outputs.items()} if facts else {}
            for facts in (then, now)
        ]
        for name in differing_names(*digests):
            texts = [by_name.get(name) for by_name in digests]
            differences.append(DifferingResult(node, name, "output", *texts))
        before, after = (facts.state if facts else None for facts in (then, now))
        if before != after:
            differences.append(DifferingResult(node, "", "state", before, after))
    return differences


def find_causes(old: RunFacts, new: RunFacts, start: Sequence[str]) -> list[Cause]:
    """Return the causes of different results at the nodes in `start`.

    The search follows connections upstream, nearest nodes first. An upstream node counts only if
    the data that it passed on differs. A node with a different result, but without a cause, is
    *nondeterministic*.
    """
    causes: list[Cause] = []
    for step in _walk(old, new, start):
        if step.then is None or step.now is None:
            reason = because("node-only-in-newer" if step.now else "node-only-in-older")
            label = next((facts.label for facts in (step.now, step.then) if facts), step.node)
            causes.append(Cause("node", step.node, label, step.distance, step.node, reason))
            continue
        own = NodeCauses(step.then, step.now, step.distance)
        own_causes = list(own.find())
        # A node that only passed on different data has no cause of its own.
        causes += own_causes or ([] if step.above else [own.without_cause()])
    return causes


def last_nodes(old: RunFacts, new: RunFacts, nodes: Sequence[str]) -> list[str]:
    """Return the nodes whose different data did not cause other differences.

    `nodes` have different results. A node is left out if it explains the result of another one.
    """
    explained = {parent for step in _walk(old, new, nodes) for parent in step.above}
    return [node for node in dict.fromkeys(nodes) if node not in explained]


class _Step(NamedTuple):
    """A node with its facts in both runs, and the nodes `above` that passed it different data."""

    node: str
    distance: int
    then: TaskFacts | None
    now: TaskFacts | None
    above: list[str]


def _walk(old: RunFacts, new: RunFacts, start: Sequence[str]) -> Iterator[_Step]:
    """Yield the nodes in `start`, then those upstream that passed on different data."""
    pairs = _pairs(old, new)
    distances = dict.fromkeys(start, 0)
    waiting = list(distances)
    for node in waiting:  # it grows
        then, now = pairs[node]
        above = upstream_causes(then, now) if then and now else []
        above = [parent for parent in above if parent in pairs]
        yield _Step(node, distances[node], then, now, above)
        new_nodes = [parent for parent in above if parent not in distances]
        distances |= dict.fromkeys(new_nodes, distances[node] + 1)
        waiting += new_nodes


def upstream_causes(then: TaskFacts, now: TaskFacts) -> list[str]:
    """Return the nodes that passed different data to a task.

    Only inputs with the same connection in both runs count.
    """
    nodes = []
    for name in sorted(then.inputs.keys() & now.inputs.keys()):
        before, after = then.inputs[name], now.inputs[name]
        is_same_place = (before.node, before.output) == (after.node, after.output)
        # Without a digest, the other node produced no data, for example because it failed.
        has_changed = before.digest != after.digest or not after.digest
        if before.node and is_same_place and has_changed:
            nodes.append(before.node)
    return list(dict.fromkeys(nodes))


def _pairs(old: RunFacts, new: RunFacts) -> dict[str, tuple[TaskFacts | None, TaskFacts | None]]:
    """Return the records of each node in both runs."""
    nodes = dict.fromkeys((*new.tasks, *old.tasks))
    return {node: (old.tasks.get(node), new.tasks.get(node)) for node in nodes}


def output_change(filename: str, compared: OutputComparison) -> Reason:
    """Return the reason that describes how a file changed.

    For a table, the reason has the numbers of rows and the first changed columns.
    """
    changes = []
    if len({*compared.rows}) > 1:
        changes.append(because("rows-changed", old=compared.rows[0], new=compared.rows[1]))
    for column in compared.columns:
        name, sides = column.name, (column.old, column.new)
        if column.change == "same":
            continue
        if column.old is None or column.new is None:
            changes.append(because("column-added" if column.new else "column-removed", name=name))
        else:
            figure = next(figure for figure in FIGURES if figure in column.differs)
            values = [getattr(side, figure) for side in sides]
            old, new = (
                f"{value:.6g}" if isinstance(value, float) else f"{value}" for value in values
            )
            changes.append(because("column-changed", name=name, figure=figure, old=old, new=new))
    if not changes:
        return because("input-file-changed", file=filename)
    rest = len(changes) - MAX_CHANGES
    shown = changes[:MAX_CHANGES]
    if rest > 0:
        shown.append(because("more-changes", count=rest))
    return because("input-table-changed", file=filename, changes=shown)


class CellChange(msgspec.Struct, frozen=True):
    """A cell that changed, counted from 1 in the newer version.

    A removed cell is counted in the older version. `before` and `after` are sources.
    """

    cell: int
    change: Literal["changed", "added", "removed"]
    before: str | None = None
    after: str | None = None


def changed_cells(old: dict[str, Any], new: dict[str, Any]) -> list[CellChange]:
    """Return the code cells that differ. Text cells and outputs have no effect on results.

    Cells in a replaced block are paired in their order.
    """
    before, after = _code_cells(old), _code_cells(new)
    sources = [source for _, source in before], [source for _, source in after]
    changes: list[CellChange] = []
    # autojunk would ignore frequent cells in notebooks of 200 cells or more.
    matcher = difflib.SequenceMatcher(None, *sources, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = min(end - start, last - first)
        for at in range(pairs):
            (_, then), (number, now) = before[start + at], after[first + at]
            changes.append(CellChange(number, "changed", shorten_source(then), shorten_source(now)))
        for number, source in before[start + pairs : end]:
            changes.append(CellChange(number, "removed", shorten_source(source), None))
        for number, source in after[first + pairs : last]:
            changes.append(CellChange(number, "added", None, shorten_source(source)))
    return changes


def _code_cells(notebook: dict[str, Any]) -> list[tuple[int, str]]:
    """Return number and source of each code cell; the number counts all cells."""
    cells = []
    for number, cell in enumerate(notebook.get("cells", []), 1):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        if cell.get("cell_type") == "code":
            cells.append((number, text))
    return cells


def shorten_source(text: str) -> str:
    """Return the text of a cell, cut to at most 2,000 characters."""
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"
