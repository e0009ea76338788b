"""Data of maps: read or suggest the elements, and collect the results of elements."""

import contextlib
import itertools
import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import msgspec

from nbyard.attempts import folders
from nbyard.blobs import Tree, TreeEntry
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.attempts.metric_series import MAX_METRICS
from nbyard.domain.datasets.previews import MAX_METRICS as ON_CARD
from nbyard.domain.datasets.previews import metrics_in
from nbyard.domain.datasets.table_descriptions import MAX_CELL_CHARACTERS, MAX_PAGE_ROWS
from nbyard.domain.maps.elements import TOO_MANY, collected_name
from nbyard.domain.maps.searches import GROUP, Pruner, SearchMethod, Trial, TrialState
from nbyard.domain.maps.structs import (
    ALL,
    EACH,
    MAX_ELEMENTS,
    Files,
    Grid,
    Rows,
    Search,
    Source,
)
from nbyard.domain.runs.map_plans import element_plans
from nbyard.domain.runs.run_progress import is_pruned
from nbyard.domain.runs.structs import BytesOf, TaskPlan, bytes_of, shown_values
from nbyard.domain.state_machines import TASK
from nbyard.errors import Invalid
from nbyard.host.entry_points import load_entry_point
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import because
from nbyard.store.runs.artifacts_and_cache import TAKEN
from nbyard.store.runs.tasks import TaskRecord
from nbyard.tabular import TableFile

MAX_JSON_BYTES = 4 << 20
MAX_SHOWN = 10
Values = Mapping[str, Any]
Metrics = dict[str, Any]
Trials = dict[str, Trial]  # by the IDs of their tasks


class ElementResult(NamedTuple):
    """The task of an element, and its outputs."""

    record: TaskRecord
    results: Mapping[str, BytesOf]


Elements = Sequence[ElementResult]


def read_elements(
    context: DispatchContext, source: Source, inputs: Mapping[str, BytesOf]
) -> list[Values]:
    """Return the values of each element by argument, and its file at `@each`, in threads.

    Raises:
        Invalid: the data at `@each` has no such elements, or too many.
    """
    if isinstance(source, Grid):
        rows = itertools.product(*source.values.values())
        elements = (dict(zip(source.values, row, strict=True)) for row in rows)
        return list(itertools.islice(elements, MAX_ELEMENTS + 1))
    if isinstance(source, Search):
        method: SearchMethod = load_entry_point(GROUP, source.by)
        return list(method.suggest(source, (), source.count))
    files = _files(context, inputs[EACH])
    if isinstance(source, Files):
        return [{source.over: file, EACH: file.origin} for file in files]
    read = _rows if isinstance(source, Rows) else _items
    # Each element of another map may have written a list or table: maps nest.
    values = ({**own, EACH: file.origin} for file in files for own in read(context, source, file))
    return list(itertools.islice(values, MAX_ELEMENTS + 1))


def _items(context: DispatchContext, source: Any, data: BytesOf) -> Iterator[Values]:
    try:
        for value in _json(context, data, list[Any]):
            yield {source.over: value}
    except msgspec.DecodeError as error:
        raise Invalid(f"{data.filename} is no JSON list: {error}") from None


def _json(context: DispatchContext, data: BytesOf, kind: Any) -> Any:
    with context.blobs.open(data.digest) as handle:
        return msgspec.json.decode(handle.read(MAX_JSON_BYTES), type=kind)


def _files(context: DispatchContext, data: BytesOf) -> Iterator[BytesOf]:
    """Yield the files of a folder by path, or a single file."""
    if not data.digest.startswith("tree:"):
        yield data
        return
    for entry in context.blobs.tree(data.digest).files:  # stored in this order
        name = PurePosixPath(entry.path).name
        yield bytes_of(entry.digest, name, entry.path, data.source)


def _rows(context: DispatchContext, source: Any, data: BytesOf) -> Iterator[Values]:
    path = context.blobs.path(data.digest)
    with contextlib.ExitStack() as stack:
        if not path.exists():  # a forecast holds the bytes of new files in memory
            held = stack.enter_context(context.blobs.open(data.digest))
            copy = stack.enter_context(tempfile.NamedTemporaryFile(buffering=0))
            copy.write(held.read())
            path = Path(copy.name)
        yield from _rows_of(context, source, TableFile(path, data.filename, data.digest))


def _rows_of(context: DispatchContext, source: Any, file: TableFile) -> Iterator[Values]:
    total = context.tables.info(file, count=True).rows or 0
    if total > MAX_ELEMENTS:
        raise Invalid(TOO_MANY)
    for offset in range(0, total, MAX_PAGE_ROWS):
        page = context.tables.page(file, offset, MAX_PAGE_ROWS)
        places = {column.name: place for place, column in enumerate(page.columns)}
        if missing := [name for name in source.columns if name not in places]:
            raise Invalid(f"the table has no column {missing[0]!r}")
        for row in page.rows:
            values = {name: row[places[name]] for name in source.columns}
            if any(isinstance(v, str) and len(v) >= MAX_CELL_CHARACTERS for v in values.values()):
                raise Invalid(f"a text has more than {MAX_CELL_CHARACTERS - 1} characters")
            yield values


def collect(
    context: DispatchContext, outputs: Sequence[str], ended: Elements
) -> list[dict[str, Any]]:
    """Store a table of elements, and each output as a folder.

    Return rows of artifacts. Call it in threads.
    """
    files: dict[str, list[TreeEntry]] = {name: [] for name in outputs}
    table, metrics = [], _metrics(context, ended)
    for place, (record, results) in enumerate(ended, 1):
        element, own = record.plan.element, {}
        for name in (output for output in outputs if output in results):
            result = results[name]
            own[name] = collected_name(place, result.filename)
            if result.digest.startswith("tree:"):
                for entry in context.blobs.tree(result.digest).files:
                    path = f"{own[name]}/{entry.path}"
                    files[name].append(msgspec.structs.replace(entry, path=path))
            else:
                size = context.blobs.path(result.digest).stat().st_size
                files[name].append(TreeEntry(own[name], result.digest, size))
        row = {
            "key": element and element.key,
            "label": element and element.label,
            "parameters": shown_values(record.plan.bindings),
            "state": record.state,
            "metrics": metrics.get(record.id, {}),
            "outputs": own,
        }
        table.append(json.dumps(row, ensure_ascii=False) + "\n")
    blob = context.blobs.put_bytes("".join(table).encode())
    made = [(ALL, "elements.jsonl", "jsonl", blob)]
    made += [(n, n, "folder", context.blobs.put_tree(Tree(f))) for n, f in files.items()]
    crash_point("map-collected")
    rows = ((*names, stored.digest, stored.size_bytes, None) for *names, stored in made)
    return [dict(zip(TAKEN, row, strict=True)) for row in rows]


def _metrics(
    context: DispatchContext, elements: Elements, most: int = ON_CARD
) -> dict[str, Metrics]:
    """Return metrics of JSON outputs and logged ones by task.

    Only tasks that have succeeded have some.
    """
    done = [element for element in elements if element.record.state == "succeeded"]
    metrics: dict[str, Metrics] = {element.record.id: {} for element in done}
    for record, results in done:
        for result in results.values():
            with contextlib.suppress(msgspec.DecodeError):
                read = _json(context, result, Any) if result.filename.endswith(".json") else None
                metrics[record.id] |= {each.name: each.value for each in metrics_in(read)}
    for task_id, folder in _folders(context, [record for record, _ in done]).items():
        metrics[task_id] |= {p.name: p.value for p in folders.last_values(folder, most)}
    return metrics


def _folders(context: DispatchContext, records: Sequence[TaskRecord]) -> dict[str, Path]:
    """Return the folder of each task, or of the one it reuses."""
    rows, cached = context.store.attempts, {record.id for record in records if record.cached}
    with context.store.read() as c:
        newest = rows.newest_of(c, {record.id for record in records} - cached)
        if cached:
            newest |= rows.newest_origin_attempts(c, records[0].owner, cached)
    return {
        task_id: folders.attempt_folder_of(context.folder, attempt.id, attempt.worker)
        for task_id, attempt in newest.items()
    }


def suggest_elements(
    context: DispatchContext, plan: TaskPlan, elements: Elements, room: int, ended: Trials
) -> list[TaskPlan]:
    """Return the next elements of a search, in threads.

    They are at most `room`. A retry begins with the elements of the earlier run. `ended` keeps the
    trials of ended tasks, which are read once.

    Raises:
        Invalid: no element has the metric of the search, or a suggestion does not fit.
    """
    search, known = _search_of(plan), [_values(plan, record.plan) for record, _ in elements]
    more: Sequence[Values] = []
    if plan.map and plan.map.earlier and not elements:
        with context.store.read() as c:
            earlier = context.store.tasks.of_run(c, plan.map.earlier)
        own = (task.plan for task in earlier)
        more = [_values(plan, p) for p in own if p.element and p.element.map == plan.node]
    if not more:
        method: SearchMethod = load_entry_point(GROUP, search.by)
        more = method.suggest(search, _trials(context, plan, elements, ended), room)[:room]
    return element_plans(plan, [*known, *more])[len(known) :]


def hopeless_elements(
    context: DispatchContext, plan: TaskPlan, elements: Elements, ended: Trials
) -> list[str]:
    """Return the running tasks to stop, in threads; `ended` keeps trials of ended tasks."""
    search = _search_of(plan)
    method: SearchMethod = load_entry_point(GROUP, search.by)
    if not isinstance(method, Pruner):
        return []
    places = method.hopeless(search, _trials(context, plan, elements, ended))
    return [elements[place].record.node for place in places]


def _search_of(plan: TaskPlan) -> Search:
    assert plan.map is not None and isinstance(plan.map.each, Search)
    return plan.map.each


def _values(plan: TaskPlan, element: TaskPlan) -> dict[str, Any]:
    """Return the values that the search suggested."""
    shown = shown_values(element.bindings)
    return {name: shown[name] for name in _search_of(plan).space}


def _trials(
    context: DispatchContext, plan: TaskPlan, elements: Elements, ended: Trials
) -> list[Trial]:
    search, new = _search_of(plan), [each for each in elements if each.record.id not in ended]
    metrics, trials = _metrics(context, new, MAX_METRICS), dict(ended)
    has_goal = any(trial.state == "succeeded" for trial in ended.values())
    if metrics and not has_goal and not any(search.goal in own for own in metrics.values()):
        names = sorted({name for own in metrics.values() for name in own})[:MAX_SHOWN]
        raise Invalid(because("map-goal-missing", goal=search.goal, names=names))
    logged = _folders(context, [record for record, _ in new]) if search.prune else {}
    for record, _ in new:
        goal = metrics.get(record.id, {}).get(search.goal)
        is_number = isinstance(goal, int | float) and math.isfinite(goal)
        state: TrialState = "succeeded" if record.state == "succeeded" else "failed"
        if is_pruned(record.reason):
            state = "pruned"
        elif record.state not in TASK.terminal:
            state = "running"
        steps = folders.logged_steps(logged[record.id], search.goal) if record.id in logged else {}
        values = _values(plan, record.plan)
        trials[record.id] = Trial(values, state, goal if is_number else None, steps)
        # The attempt behind a cached result may not be stored yet, and with it the metric.
        if record.state in TASK.terminal and (is_number or state != "succeeded"):
            ended[record.id] = trials[record.id]
    return [trials[record.id] for record, _ in elements]
