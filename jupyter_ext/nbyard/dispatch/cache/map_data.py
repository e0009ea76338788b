"""Data of maps: read the elements of a source, and collect the results of elements."""

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec

from nbyard.attempts import folders
from nbyard.blobs import Tree, TreeEntry
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.datasets.previews import metrics_in
from nbyard.domain.datasets.table_descriptions import MAX_CELL_CHARACTERS, MAX_PAGE_ROWS
from nbyard.domain.maps.elements import TOO_MANY
from nbyard.domain.maps.structs import ALL, EACH, MAX_ELEMENTS, Files, Grid, Rows, Source
from nbyard.domain.runs.structs import BytesOf, bytes_of, shown_values
from nbyard.errors import Invalid
from nbyard.ipc.crash_points import crash_point
from nbyard.store.runs.artifacts_and_cache import TAKEN
from nbyard.store.runs.tasks import TaskRecord
from nbyard.tabular import TableFile

MAX_JSON_BYTES = 4 << 20
Values = Mapping[str, Any]
Metrics = dict[str, Any]


class EndedElement(NamedTuple):
    """The task of an element that has ended, and its outputs."""

    record: TaskRecord
    results: Mapping[str, BytesOf]


def read_elements(
    context: DispatchContext, source: Source, inputs: Mapping[str, BytesOf]
) -> list[Values]:
    """Return the values of each element by argument, in threads.

    Raises:
        Invalid: the data at `@each` has no such elements, or too many.
    """
    if isinstance(source, Grid):
        rows = itertools.product(*source.values.values())
        elements = (dict(zip(source.values, row, strict=True)) for row in rows)
        return list(itertools.islice(elements, MAX_ELEMENTS + 1))
    files = _files(context, inputs[EACH])
    if isinstance(source, Files):
        return [{source.over: file} for file in files]
    read = _rows if isinstance(source, Rows) else _items
    # Each element of another map may have written a list or table: maps nest.
    values = itertools.chain.from_iterable(read(context, source, file) for file in files)
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
    file = TableFile(context.blobs.path(data.digest), data.filename, data.digest)
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
    context: DispatchContext, outputs: Sequence[str], ended: Sequence[EndedElement]
) -> list[dict[str, Any]]:
    """Store a table of elements, and each output as a folder.

    Return rows of artifacts. Call it in threads.
    """
    files: dict[str, list[TreeEntry]] = {name: [] for name in outputs}
    table, logged = [], _logged_metrics(context, [element.record for element in ended])
    for place, (record, results) in enumerate(ended, 1):
        element, own, metrics = record.plan.element, {}, logged.get(record.id, {})
        for name in (output for output in outputs if output in results):
            result = results[name]
            own[name] = f"{place:05d}-{result.filename}"
            if result.digest.startswith("tree:"):
                for entry in context.blobs.tree(result.digest).files:
                    path = f"{own[name]}/{entry.path}"
                    files[name].append(msgspec.structs.replace(entry, path=path))
            else:
                size = context.blobs.path(result.digest).stat().st_size
                files[name].append(TreeEntry(own[name], result.digest, size))
            with contextlib.suppress(msgspec.DecodeError):
                read = _json(context, result, Any) if result.filename.endswith(".json") else None
                metrics = {metric.name: metric.value for metric in metrics_in(read)} | metrics
        row = {
            "key": element and element.key,
            "label": element and element.label,
            "parameters": shown_values(record.plan.bindings),
            "state": record.state,
            "metrics": metrics,
            "outputs": own,
        }
        table.append(json.dumps(row, ensure_ascii=False) + "\n")
    blob = context.blobs.put_bytes("".join(table).encode())
    made = [(ALL, "elements.jsonl", "jsonl", blob)]
    made += [(n, n, "folder", context.blobs.put_tree(Tree(f))) for n, f in files.items()]
    crash_point("map-collected")
    rows = ((*names, stored.digest, stored.size_bytes, None) for *names, stored in made)
    return [dict(zip(TAKEN, row, strict=True)) for row in rows]


def _logged_metrics(context: DispatchContext, records: Sequence[TaskRecord]) -> dict[str, Metrics]:
    """Return the last logged values by task, or of the reused task."""
    rows, done = context.store.attempts, [each for each in records if each.state == "succeeded"]
    cached = {record.id for record in done if record.cached}
    with context.store.read() as c:
        newest = rows.newest_of(c, {record.id for record in done} - cached)
        if cached:
            newest |= rows.newest_origin_attempts(c, done[0].owner, cached)
    metrics = {}
    for task_id, attempt in newest.items():
        folder = folders.attempt_folder_of(context.folder, attempt.id, attempt.worker)
        metrics[task_id] = {point.name: point.value for point in folders.last_values(folder)}
    return metrics
