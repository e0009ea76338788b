"""Rows of tasks."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    Text,
    bindparam,
    cast,
    delete,
    func,
    select,
    type_coerce,
    update,
)

from nbyard.domain.attempts.failure_reader import read_failure
from nbyard.domain.attempts.missing_modules import missing_from
from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.ids import first_id_at
from nbyard.domain.runs.structs import BytesOf, Task, TaskPlan, shown_values
from nbyard.domain.state_machines import RUN, TASK, TaskState
from nbyard.reasons.structs import Reason, joined
from nbyard.store import events, transition
from nbyard.store.database.query_parts import Prepared, is_one_of
from nbyard.store.events import Move, Subject
from nbyard.store.named_rows import columns_of
from nbyard.store.schema.tables import HISTORY, UNREAD, artifacts, attempts, cache, runs, tasks
from nbyard.store.visibility import is_own

DEPENDED = ("cache_key", "base_key", "parts")
BESIDE = ("observed", "other_files", "warning")
OF_RESULT = select(*(tasks.c[name] for name in (*DEPENDED, *BESIDE))).where(
    tasks.c.id == bindparam("of")
)
OF_ATTEMPT = ("queued_at", "started_at", "finished_at", "cancel_requested_at", "reason", "waits")
OF_OUTCOME = (*OF_ATTEMPT, "warning", "failure", "observed", "other_files", "metrics")
UNTRIED = dict.fromkeys(OF_OUTCOME) | {"cached": False}
DIGEST = re.compile(r"(?:sha256|tree):[0-9a-f]{64}")


NOTE = Prepared(
    update(tasks)
    .where(tasks.c.id == bindparam("its_id"))
    .values({"reason": bindparam("reason"), "waits": bindparam("waits")})
)
POSITION = func.coalesce(tasks.c.plan["element", "position"].as_integer(), 0)
TURN = (runs.c.priority.desc(), POSITION, runs.c.created_at, tasks.c.queued_at, tasks.c.id)


LIVE = (
    select(tasks.c.run_id, tasks.c.id, tasks.c.state)
    .join(runs, runs.c.id == tasks.c.run_id)
    .where(runs.c.state.in_(sorted(RUN.live)))
)


class TaskRecord(msgspec.Struct, frozen=True):
    """A task with its plan, for the dispatcher."""

    id: str
    run_id: str
    owner: str
    node: str
    state: TaskState
    plan: TaskPlan
    cached: bool = False
    cache_key: str = ""
    reason: Reason | None = None
    waits: Reason | None = None
    queued_at: datetime | None = None
    started_at: datetime | None = None
    cancel_requested_at: datetime | None = None

    @property
    def subject(self) -> Subject:
        """Return the subject of the task's events."""
        return Subject(self.id, self.owner, self.run_id)


OF_RECORD = [column for column in tasks.c if column.name in TaskRecord.__struct_fields__]
RECORDS: Any = select(*OF_RECORD, runs.c.owner).join(runs, runs.c.id == tasks.c.run_id)
REUSE = tasks.c.plan["reuse"].as_string().label("reuse")
OF_RUN = RECORDS.where(tasks.c.run_id == bindparam("of")).order_by(tasks.c.place)


class SucceededTask(msgspec.Struct, frozen=True):
    """A succeeded task, without its plan."""

    id: str
    node: str
    cached: bool
    metrics: dict[str, float | str] | None = None


class TaskRows:
    """Queries on tasks."""

    def digests(self, c: Connection) -> Iterable[str]:
        """Yield all digests in plans and other files, including text that only looks like one."""
        for plan in c.execute(select(cast(tasks.c.plan, Text))).scalars():
            yield from DIGEST.findall(plan)
        others = select(cast(tasks.c.other_files, Text)).where(tasks.c.other_files.is_not(None))
        for text in c.execute(others).scalars():
            yield from DIGEST.findall(text)

    def insert(self, c: Connection, owner: str, run_id: str, rows: list[dict[str, Any]]) -> None:
        """Insert waiting tasks in the order of the graph."""
        subjects = [Subject(row["id"], owner, run_id) for row in rows]
        transition.begin_all(c, TASK, subjects, rows)

    def add(self, c: Connection, records: Sequence[TaskRecord], place: int) -> None:
        """Insert waiting tasks of a live run, at this place in the order of its tasks."""
        same = ("id", "run_id", "node", "cached", "plan", "cache_key", "reason")
        now = datetime.now(UTC)
        rows = [
            {
                **{name: getattr(record, name) for name in same},
                "place": place + at,
                "executable_id": record.plan.executable_id,
                "created_at": now,
            }
            for at, record in enumerate(records)
        ]
        transition.begin_all(c, TASK, [record.subject for record in records], rows)

    def request_cancel(self, c: Connection, task: TaskRecord) -> None:
        """Record the request to cancel one task."""
        own = update(tasks).where(tasks.c.id == task.id)
        c.execute(own.values(cancel_requested_at=datetime.now(UTC)))
        change = {"node": task.node, "state": task.state, "change": "cancel-requested"}
        events.append(c, "task", task.subject, change)

    def reopen(self, c: Connection, ended: Sequence[TaskRecord]) -> None:
        """Reset ended tasks to waiting, and begun maps to running; delete their results."""
        made_by = [task.id for task in ended]
        for results in (artifacts, cache):  # such as those that broke a contract
            c.execute(delete(results).where(is_one_of(results.c.task_id, made_by)))
        moves = []
        for task in ended:
            at = task.started_at if task.plan.map else None
            plan = msgspec.structs.replace(task.plan, reuse="")
            own = {**UNTRIED, "started_at": at, "plan": plan}
            moves.append(self.step(task, "running" if at else "waiting", own))
        transition.move_all(c, moves)

    def step(self, task: TaskRecord, to: str, columns: Mapping[str, Any]) -> Move:
        """Return the move of the task to its next state, to be written in a batch."""
        event_data = {k: columns[k] for k in ("reason", "cached") if k in columns} | {
            "node": task.node
        }
        if columns.get("waits"):
            event_data["waits"] = columns["waits"]
        return Move(TASK, task.subject, task.state, to, columns, event_data)

    def note_all(self, c: Connection, records: Collection[TaskRecord]) -> None:
        """Store reasons and waits of the tasks. No events: readers poll the run."""
        if records:
            NOTE.run(c, [{"its_id": r.id, "reason": r.reason, "waits": r.waits} for r in records])

    def of_run(self, c: Connection, run_id: str) -> list[TaskRecord]:
        """Return the tasks of a run in graph order."""
        return [_record(row) for row in c.execute(OF_RUN, {"of": run_id})]

    def credential_names(self, c: Connection, run_id: str) -> set[str]:
        """Return the names of the credentials that the tasks of a run use."""
        rows = c.execute(select(tasks.c.plan["bindings"]).where(tasks.c.run_id == run_id)).scalars()
        bindings = (binding for by_name in rows for binding in by_name.values())
        return {binding["name"] for binding in bindings if binding["kind"] == "secret"}

    def states(self, c: Connection, run_id: str) -> dict[str, tuple[str, TaskState]]:
        """Return (ID, state) of each task by node, in graph order; plans are not read."""
        query = select(tasks.c.node, tasks.c.id, tasks.c.state).where(tasks.c.run_id == run_id)
        rows = c.execute(query.order_by(tasks.c.place))
        return {row.node: (row.id, row.state) for row in rows}

    def get(self, c: Connection, task_id: str) -> TaskRecord | None:
        """Return a task of any owner, or None."""
        row = c.execute(RECORDS.where(tasks.c.id == task_id)).first()
        return _record(row) if row else None

    def first_failures(self, c: Connection, run_ids: Collection[str]) -> dict[str, Reason]:
        """Return by run ID why the first failed task of the run failed."""
        order = (tasks.c.finished_at, tasks.c.place)
        rank = func.row_number().over(partition_by=tasks.c.run_id, order_by=order).label("rank")
        # JSON columns store None as the text `null`. A column of reasons stores it as empty text.
        has_failure = func.coalesce(cast(tasks.c.failure, Text), "null") != "null"
        failed = (
            select(tasks.c.id, rank)
            .where(tasks.c.run_id.in_(run_ids), tasks.c.state == "failed")
            .where(has_failure | (type_coerce(tasks.c.reason, Text) != ""))
            .subquery()
        )
        # Failures have tracebacks, so only those of the first tasks are read.
        query = (
            select(tasks.c.run_id, tasks.c.failure, tasks.c.reason)
            .join(failed, failed.c.id == tasks.c.id)
            .where(failed.c.rank == 1)
        )
        reasons: dict[str, Reason] = {}
        for row in c.execute(query):
            failure = read_failure(row.failure or None)
            reasons[row.run_id] = failure.reason if failure else row.reason
        return reasons

    def first_failed(self, c: Connection, run_id: str) -> Task | None:
        """Return the first task of a run that failed, without attempts and artifacts."""
        failed = (tasks.c.run_id == run_id) & (tasks.c.state == "failed")
        query = select(tasks).where(failed).order_by(tasks.c.finished_at, tasks.c.place).limit(1)
        row = c.execute(query).first()
        return _view(row) if row else None

    def live(self, c: Connection) -> dict[str, dict[str, TaskState]]:
        """Return the states of all tasks of live runs, by run ID and task ID."""
        states_by_run: dict[str, dict[str, TaskState]] = {}
        for run_id, task_id, state in c.execute(LIVE):
            states_by_run.setdefault(run_id, {})[task_id] = state
        return states_by_run

    def of_node(self, c: Connection, run_id: str, node: str) -> TaskRecord | None:
        """Return the task of the node in the run."""
        of_node = (tasks.c.run_id == run_id) & (tasks.c.node == node)
        row = c.execute(RECORDS.where(of_node)).first()
        return _record(row) if row else None

    def key_of(self, c: Connection, task_id: str) -> dict[str, Any]:
        """Return the columns that belong to a task's result.

        They hold its cache key, the files that it read, its other files and its warning. Empty ones
        are left out.
        """
        row = c.execute(OF_RESULT, {"of": task_id}).first()
        return {k: v for k, v in row._mapping.items() if v is not None} if row else {}

    def files_and_warnings(
        self, c: Connection, task_ids: Collection[str]
    ) -> dict[str, dict[str, Any]]:
        """Return files read, other files written and warnings of these tasks, as stored."""
        columns = (tasks.c[name] for name in BESIDE)
        query = select(tasks.c.id, *columns).where(tasks.c.id.in_(task_ids))
        return {
            row.id: {k: row._mapping[k] for k in BESIDE if row._mapping[k] is not None}
            for row in c.execute(query)
        }

    def origins_of_cached(self, c: Connection, task_ids: Collection[str]) -> dict[str, str]:
        """Return by task ID the ID of the task that produced the reused result.

        Follow `plan.reuse` through all tasks. The last task that still exists counts.
        """
        reuse: dict[str, str] = {}
        fresh = set(task_ids)
        while fresh:  # one query for all tasks: chains are short
            query = select(tasks.c.id, REUSE).where(tasks.c.id.in_(fresh))
            reuse |= {row.id: row.reuse or "" for row in c.execute(query)}
            fresh = {reuse[task_id] for task_id in fresh & reuse.keys()} - reuse.keys() - {""}
        makers = {}
        for task_id in task_ids:
            maker = task_id
            while (earlier := reuse.get(maker)) in reuse:
                maker = earlier
            makers[task_id] = maker
        return makers

    def queue_positions(
        self, c: Connection, run_id: str, order: Sequence[str] | None = None
    ) -> dict[str, int]:
        """Return the queue positions of the run's queued tasks by ID, counted from 1.

        `order` has all queued tasks, if several users take turns.
        """
        if order is not None:
            own = select(tasks.c.id).where(tasks.c.run_id == run_id, tasks.c.state == "queued")
            ids = {*c.execute(own).scalars()}
            return {task_id: at for at, task_id in enumerate(order, 1) if task_id in ids}
        rank = func.row_number().over(order_by=TURN).label("place")
        queued = select(tasks.c.id, tasks.c.run_id, rank).join(runs, runs.c.id == tasks.c.run_id)
        queue = queued.where(tasks.c.state == "queued").subquery()
        query = select(queue.c.id, queue.c.place).where(queue.c.run_id == run_id)
        return {row.id: row.place for row in c.execute(query)}

    def in_turn(
        self, c: Connection, most: int, order: Sequence[str] | None = None
    ) -> list[TaskRecord]:
        """Return tasks of all runs: first those in progress, then the queue in its order.

        `order` is as in `queue_positions`.
        """
        if order is not None:
            is_next = (tasks.c.state == "queued") & is_one_of(tasks.c.id, order[:most])
            is_next |= tasks.c.state.in_(("preparing", "running"))
            places = {task_id: at for at, task_id in enumerate(order)}
            records = [_record(row) for row in c.execute(RECORDS.where(is_next))]
            return sorted(records, key=lambda record: places.get(record.id, -1))
        query = RECORDS.where(tasks.c.state.in_(("preparing", "running", "queued")))
        rows = c.execute(query.order_by(tasks.c.state == "queued", *TURN).limit(most))
        return [_record(row) for row in rows]

    def last_queued(self, c: Connection, most: int) -> list[TaskRecord]:
        """Return the last tasks that were queued within a day."""
        since = first_id_at(datetime.now(UTC) - timedelta(days=1))
        last = select(tasks.c.id).where(tasks.c.id > since).order_by(tasks.c.id.desc()).limit(most)
        query = RECORDS.where(tasks.c.id.in_(last), tasks.c.queued_at.is_not(None), ~tasks.c.cached)
        query = query.where(tasks.c.plan["map"].as_string().is_(None))  # its elements are tasks
        return [_record(row) for row in c.execute(query.order_by(tasks.c.queued_at))]

    def views(self, c: Connection, run_id: str) -> list[Task]:
        """Return tasks for display in graph order, without attempts and artifacts."""
        query = select(tasks).where(tasks.c.run_id == run_id).order_by(tasks.c.place)
        return [_view(row) for row in c.execute(query)]

    def page(
        self,
        c: Connection,
        run_id: str,
        limit: int,
        after: str,
        states: Collection[str],
        since: int,
    ) -> list[Task]:
        """Return a page of tasks for display, in graph order.

        They come after the node `after`, are in one of the `states`, and changed after the event
        `since`. Empty values select all tasks.
        """
        query = select(tasks).where(tasks.c.run_id == run_id)
        if after:
            own = select(tasks.c.place).where(tasks.c.run_id == run_id, tasks.c.node == after)
            query = query.where(tasks.c.place > own.scalar_subquery())
        if states:
            query = query.where(tasks.c.state.in_(states))
        if since:
            news = events.subjects_after(run_id, since)
            tried = select(attempts.c.task_id).where(attempts.c.id.in_(news))
            query = query.where(tasks.c.id.in_(news) | tasks.c.id.in_(tried))
        rows = c.execute(query.order_by(tasks.c.place).limit(limit))
        return [_view(row) for row in rows]

    def succeeded(
        self, c: Connection, run_id: str, limit: int, after: str, nodes: Collection[str]
    ) -> list[SucceededTask]:
        """Return a page of succeeded tasks, in graph order.

        They come after the node `after`. Without `nodes`, tasks of all nodes count.
        """
        query = select(tasks.c.id, tasks.c.node, tasks.c.cached)
        query = query.where(tasks.c.run_id == run_id, tasks.c.state == "succeeded")
        if after:
            own = select(tasks.c.place).where(tasks.c.run_id == run_id, tasks.c.node == after)
            query = query.where(tasks.c.place > own.scalar_subquery())
        if nodes:
            query = query.where(tasks.c.node.in_(nodes))
        rows = c.execute(query.order_by(tasks.c.place).limit(limit))
        return [SucceededTask(row.id, row.node, row.cached) for row in rows]

    def succeeded_by_run(
        self, c: Connection, run_ids: Collection[str]
    ) -> dict[str, list[SucceededTask]]:
        """Return the succeeded tasks of each run, in graph order."""
        query = select(*(tasks.c[f] for f in ("run_id", *SucceededTask.__struct_fields__)))
        query = query.where(tasks.c.run_id.in_(run_ids), tasks.c.state == "succeeded")
        tasks_by_run: dict[str, list[SucceededTask]] = {run_id: [] for run_id in run_ids}
        for run_id, *fields in c.execute(query.order_by(tasks.c.place)).all():
            tasks_by_run[run_id].append(SucceededTask(*fields))
        return tasks_by_run

    def unread(self, c: Connection, owner: str, limit: int) -> list[str]:
        """Return the newest runs with succeeded tasks whose metrics were never read."""
        unread = runs.c.id.in_(select(tasks.c.run_id).where(UNREAD))
        query = select(runs.c.id).where(is_own(owner, runs.c.owner), HISTORY, unread)
        return [*c.execute(query.order_by(runs.c.id.desc()).limit(limit)).scalars()]

    def set_metrics(self, c: Connection, metrics: Mapping[str, Mapping[str, Any]]) -> None:
        """Store metrics by the IDs of their tasks."""
        if rows := [{"its_id": key, "metrics": value} for key, value in metrics.items()]:
            c.execute(update(tasks).where(tasks.c.id == bindparam("its_id")), rows)

    def view(self, c: Connection, run_id: str, node: str) -> Task | None:
        """Return one task for display, without attempts and artifacts."""
        query = select(tasks).where(tasks.c.run_id == run_id, tasks.c.node == node)
        row = c.execute(query).first()
        return _view(row) if row else None

    def active_executables(self, c: Connection, executable_id: str) -> list[str]:
        """Return the IDs of live runs that use the executable."""
        query = (
            select(tasks.c.run_id)
            .where(tasks.c.executable_id == executable_id, tasks.c.state.in_(sorted(TASK.live)))
            .distinct()
        )
        return list(c.execute(query).scalars())

    def using_credential(self, c: Connection, credential_id: str) -> list[str]:
        """Return the IDs of live runs that use the credential."""
        live = select(tasks.c.run_id, tasks.c.plan).where(
            tasks.c.state.in_(sorted(TASK.live)),
            # The text filter is only a fast first pass; the bindings decide below.
            cast(tasks.c.plan, Text).contains(credential_id, autoescape=True),
        )
        run_ids = dict.fromkeys(
            row.run_id
            for row in c.execute(live)
            if any(
                binding.get("credential_id") == credential_id
                for binding in row.plan["bindings"].values()
            )
        )
        return list(run_ids)


def _record(row: Row[Any]) -> TaskRecord:
    plan = msgspec.convert(row.plan, TaskPlan)
    return TaskRecord(**{**columns_of(row, TaskRecord), "plan": plan})


def _view(row: Row[Any]) -> Task:
    plan = msgspec.convert(row.plan, TaskPlan)
    failure = read_failure(row.failure or None)
    of_plan = ("label", "runtime", "executable_id", "executable_version_id", "environment")
    fields = columns_of(row, Task) | {name: getattr(plan, name) for name in of_plan}
    fields |= {
        "element": plan.element,
        "failure": failure,
        "needs": sorted(plan.needs()),
        "arguments": shown_values(plan.bindings),
        "inputs": {k: b for k, b in plan.bindings.items() if isinstance(b, BytesOf)},
        "pinned": plan.pinned or None,
        "warning": joined((plan.warning, row.warning)),
        "other_files": msgspec.convert(row.other_files, OtherFiles | None),
        "missing": missing_from(failure, plan.environment.name if plan.environment else ""),
    }
    return Task(**fields)
