"""Fill a store with many runs: rows as services and the dispatcher leave them."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, insert

from nbyard.domain.ids import first_id_at, new_id
from nbyard.domain.runs.structs import BytesOf, TaskPlan, ValueOf
from nbyard.store import Store
from nbyard.store.schema.tables import (
    artifacts,
    attempts,
    dataset_versions,
    datasets,
    events,
    executable_versions,
    executables,
    runs,
    tasks,
    workflow_versions,
    workflows,
)

NODES = ("load", "train", "report")
# Name, file and format of the output of each node; others write a table.
OUTPUTS = {"train": ("model", "model.joblib", "joblib")}
WORKFLOWS = 20
# One run in this many has a name, or failed.
NAMED = 5
FAILED = 5
AT_ONCE = 1000
START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(store: Store, owner: str, count: int, sets: int = 0) -> None:
    """Write `count` finished runs and `sets` datasets.

    The runs have three nodes, of workflows and single executables, with attempts, outputs and
    events.
    """
    flows = [new_id() for _ in range(WORKFLOWS)]
    with store.write() as c:
        _write(c, ((workflows, _workflow(flow, owner)) for flow in flows))
        _write(c, ((workflow_versions, _version(flow)) for flow in flows))
        _write(c, (row for node in NODES for row in _executable(node, owner)))
        _write(c, (row for number in range(sets) for row in _dataset(number, owner)))
    for first in range(1, count + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count + 1))
        with store.write() as c:
            _write(c, (row for number in numbers for row in _run(number, owner, flows)))


def _write(c: Connection, rows: Iterable[tuple[Table, dict[str, Any]]]) -> None:
    of_table: dict[Table, list[dict[str, Any]]] = {}
    for table, row in rows:
        of_table.setdefault(table, []).append(row)
    for table, found in of_table.items():
        c.execute(insert(table), found)


def _workflow(flow: str, owner: str) -> dict[str, Any]:
    named = {"id": flow, "owner": owner, "document_id": flow, "path": f"/w/{flow}.nbflow"}
    return {**named, "title": flow, "created_at": START, "updated_at": START}


def _version(flow: str) -> dict[str, Any]:
    own = {"id": new_id(), "workflow_id": flow, "number": 1, "digest": "sha256:0"}
    return {**own, "document": {}, "created_at": START}


def _executable(node: str, owner: str) -> Iterator[tuple[Table, dict[str, Any]]]:
    named = {"id": node, "name": node, "description": "", "owner": owner, "path": f"/w/{node}.py"}
    yield executables, {**named, "revision": 1, "created_at": START, "updated_at": START}
    digests = ("content_digest", "code_digest", "bundle_digest", "identity", "kernel")
    texts = dict.fromkeys(digests, "")
    version = {"id": node, "executable_id": node, "number": 1, "kind": "command"}
    lists: dict[str, Any] = {"arguments": [], "command": [], "invocation": {}, "resources": {}}
    file = {"language": "python", "file": f"{node}.py", "created_at": START}
    yield executable_versions, {**texts, **version, **file, **lists}


def _dataset(number: int, owner: str) -> Iterator[tuple[Table, dict[str, Any]]]:
    own, texts = new_id(), dict.fromkeys(("source", "digest"), "")
    named = {"id": own, "name": f"set {number}", "description": "", "owner": owner}
    yield datasets, {**named, "revision": 1, "created_at": START, "updated_at": START}
    version = {"id": new_id(), "dataset_id": own, "number": 1, "state": "ready", "origin": "file"}
    file = {"filename": "a.csv", "format": "csv", "size_bytes": 9, "bytes_done": 9}
    yield dataset_versions, {**texts, **version, **file, "reason": None, "created_at": START}


def _run(number: int, owner: str, flows: list[str]) -> Iterator[tuple[Table, dict[str, Any]]]:
    at = START + timedelta(seconds=60 * number)
    run, is_named = _id_at(at), number % NAMED == 0
    state = "failed" if number % FAILED == 0 else "succeeded"
    flow = "" if is_named else flows[number % len(flows)]
    times = {"created_at": at, "started_at": at, "finished_at": at + timedelta(seconds=30)}
    texts = {"workflow_version_id": "", "reason": None}
    named = {"id": run, "number": number, "name": f"result-{number}" if is_named else None}
    path = f"/w/{flow}.nbflow"
    place = {
        "title": "penguins",
        "path": path,
        "workflow_id": flow,
        "output_group": f"workflow:{flow}" if flow else f"path:{path}",
    }
    whole = {"owner": owner, "runtime": "process", "parameters": {}, "edges": [], "priority": 0}
    yield runs, {**texts, **named, **place, **whole, **times, "state": state}
    yield events, _event(owner, "run", run, run, state, at)
    for at_place, node in enumerate(NODES[:1] if is_named else NODES):
        yield from _task(owner, run, node, at_place, state, times)


def _id_at(at: datetime) -> str:
    """Return an ID as it would have been created at that time."""
    return f"{first_id_at(at)[:13]}{new_id()[13:]}"


def _task(
    owner: str, run: str, node: str, place: int, state: str, times: dict[str, Any]
) -> Iterator[tuple[Table, dict[str, Any]]]:
    task, attempt, at = new_id(), new_id(), times["created_at"]
    bytes_of = BytesOf("sha256:1", "a.csv", "a dataset")
    plan = TaskPlan(node, node, node, node, [], {"n": ValueOf(1), "data": bytes_of}, "process")
    own = {"id": task, "run_id": run, "node": node, "place": place, "state": state}
    more = {
        "cached": False,
        "reason": None,
        "cache_key": "",
        "executable_id": node,
        "queued_at": at,
    }
    yield tasks, {**own, **more, **times, "plan": msgspec.to_builtins(plan)}
    yield events, _event(owner, "task", task, run, state, at)
    texts = {**dict.fromkeys(("site", "token", "mark"), ""), "reason": None}
    first = {"id": attempt, "task_id": task, "number": 1, "state": state, "runtime": "process"}
    yield attempts, {**texts, **first, **times, "usage": {"cpu_seconds": 1.0}}
    name, filename, kind = OUTPUTS.get(node, ("out", "out.csv", "csv"))
    digest = f"sha256:{task.replace('-', ''):0>64}"
    file = {"name": name, "filename": filename, "format": kind, "digest": digest}
    made = {"id": new_id(), "run_id": run, "task_id": task, "size_bytes": 9, "created_at": at}
    yield artifacts, {**file, **made}


def _event(
    owner: str, topic: str, subject: str, run: str, state: str, at: datetime
) -> dict[str, Any]:
    about = {"topic": topic, "subject_id": subject, "run_id": run, "owner": owner}
    return {**about, "at": at, "data": {"state": state}}
