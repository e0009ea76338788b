"""Rows for administrators: the audit log, and the runs, deployments and usage of all owners."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Float,
    Select,
    Table,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
    union,
    union_all,
)

from nbyard.domain.ids import first_id_at
from nbyard.domain.state_machines import ATTEMPT
from nbyard.domain.users.admin import (
    AuditEntry,
    Broadcast,
    DeploymentOverview,
    Drain,
    QueuedTask,
    RunOverview,
    UsageDay,
)
from nbyard.store import events
from nbyard.store.database.query_parts import newest_first
from nbyard.store.events import Subject
from nbyard.store.facts import FactRows
from nbyard.store.runs.installation_counts import GPUS, TOOK
from nbyard.store.schema.deployment_tables import deployments, revisions
from nbyard.store.schema.project_tables import project_links, projects
from nbyard.store.schema.tables import (
    HISTORY,
    artifacts,
    attempts,
    audit,
    dataset_versions,
    datasets,
    runs,
    tasks,
)
from nbyard.store.visibility import EVERYBODY

DAY_SECONDS = 24 * 3600
HOUR_SECONDS = 3600
# Of a run, by the links of its project.
LINKED = (("run", runs.c.id), ("workflow", runs.c.workflow_id), ("automation", runs.c.source_id))
NO_WORK = (literal(0.0), literal(0.0))
TASK_FIELDS = QueuedTask.__struct_fields__
T = TypeVar("T", Broadcast, Drain)
Item = TypeVar("Item")


class AuditRows:
    """The audit log. Nothing changes its rows, and only `delete_before` deletes them, by age."""

    def add(self, c: Connection, entry: AuditEntry) -> None:
        """Append an entry."""
        c.execute(insert(audit), [msgspec.structs.asdict(entry)])

    def page(
        self, c: Connection, limit: int, after: str, begin: str, end: str, **equal: str
    ) -> list[AuditEntry]:
        """Return entries, newest first; their IDs are from `begin` to before `end`.

        `equal` are values of columns. Empty values select all.
        """
        query = select(audit).where(audit.c.id >= begin, *([audit.c.id < end] if end else []))
        return _page(c, AuditEntry, query, audit, limit, after, **equal)

    def delete_before(self, c: Connection, moment: datetime) -> None:
        """Delete the entries before a moment."""
        c.execute(delete(audit).where(audit.c.id < first_id_at(moment)))


class OverviewRows:
    """Queries over all owners, without parameters, outputs and logs."""

    def runs(self, c: Connection, limit: int, after: str, **equal: str) -> list[RunOverview]:
        """Return runs, newest first; `equal` are values of columns, empty for all."""
        query = select(*(runs.c[name] for name in RunOverview.__struct_fields__)).where(HISTORY)
        return _page(c, RunOverview, query, runs, limit, after, **equal)

    def deployments(
        self, c: Connection, limit: int, after: str, **equal: str
    ) -> list[DeploymentOverview]:
        """Return deployments like runs."""
        d = deployments.c
        held = select(func.coalesce(func.sum(func.json_array_length(revisions.c.gpus)), 0))
        gpus = held.where(revisions.c.deployment_id == d.id).scalar_subquery().label("gpus")
        # In other states, the reason may repeat what the service printed.
        waits = case((d.state == "queued", d.reason)).label("waits")
        query = select(d.id, d.name, d.owner, d.state, d.created_at, gpus, waits)
        query = query.where(d.removed_at.is_(None))
        return _page(c, DeploymentOverview, query, deployments, limit, after, **equal)

    def queue(self, c: Connection, order: Sequence[str]) -> list[QueuedTask]:
        """Return queued tasks, in the order of these IDs."""
        columns = (tasks.c[n] for n in ("id", "run_id", "node", "queued_at", "plan", "waits"))
        query = select(*columns, runs.c.number.label("run"), runs.c.owner)
        query = query.join(runs, runs.c.id == tasks.c.run_id).where(tasks.c.id.in_(order))
        queued = [
            QueuedTask(**{n: row[n] if n in row else row["plan"].get(n) for n in TASK_FIELDS})
            for row in c.execute(query).mappings()
        ]
        return sorted(queued, key=lambda task: order.index(task.id))

    def owner(self, c: Connection, noun: str, item_id: str) -> str | None:
        """Return the owner of a run or deployment with this ID."""
        table = {"run": runs, "deployment": deployments}[noun]
        owner: str | None = c.execute(select(table.c.owner).where(table.c.id == item_id)).scalar()
        return owner

    def usage(
        self, c: Connection, since: datetime, now: datetime, *, by_project: bool
    ) -> list[UsageDay]:
        """Return the usage of each day since then, newest first, by user or by project."""
        in_runs = select(runs.c.id, runs.c.owner.label("of")).subquery().c
        in_datasets = select(datasets.c.id, datasets.c.owner.label("of")).subquery().c
        in_served = select(deployments.c.id, deployments.c.owner.label("of")).subquery().c
        if by_project:
            in_runs = union(*(_of_projects(*link) for link in LINKED)).subquery().c
            in_datasets = _of_projects("dataset", datasets.c.id).subquery().c
            in_served = _of_projects("deployment", deployments.c.id).subquery().c
        cpu = attempts.c.usage["cpu_seconds"].as_float()
        worked = (
            select(_day(attempts.c.finished_at).label("day"), in_runs.of)
            .add_columns((TOOK * GPUS).label("gpu"), cpu.label("cpu"), literal(0).label("size"))
            .join_from(attempts, tasks, tasks.c.id == attempts.c.task_id)
            .join(in_runs.id.table, in_runs.id == tasks.c.run_id)
            .where(attempts.c.state.in_(ATTEMPT.terminal), attempts.c.finished_at >= since)
        )
        written = (
            select(_day(artifacts.c.created_at), in_runs.of, *NO_WORK, artifacts.c.size_bytes)
            .join_from(artifacts, tasks, tasks.c.id == artifacts.c.task_id)
            .join(in_runs.id.table, in_runs.id == tasks.c.run_id)
            .where(tasks.c.cached.is_(False), artifacts.c.created_at >= since)
        )
        v = dataset_versions.c
        imported = (
            select(_day(v.created_at), in_datasets.of, *NO_WORK, v.size_bytes)
            .join_from(dataset_versions, in_datasets.id.table, in_datasets.id == v.dataset_id)
            .where(v.run_id == "", v.created_at >= since)  # others are outputs of runs
        )
        # The first query names the columns of all.
        used = union_all(worked, written, imported, _served(in_served, since, now)).subquery().c
        sums = (func.coalesce(func.sum(used[name]), 0) for name in ("gpu", "cpu", "size"))
        query = select(used.day, used.of, *sums).group_by(used.day, used.of)
        return [
            UsageDay(
                datetime.fromtimestamp(row[0] * DAY_SECONDS, UTC).date().isoformat(),
                *(row[1], row[2] / HOUR_SECONDS, row[3] / HOUR_SECONDS, int(row[4])),
            )
            for row in c.execute(query.order_by(used.day.desc(), used.of))
        ]


class AnnouncementRows:
    """The broadcast and the drain, each of which exists at most once."""

    def get(self, c: Connection, kind: type[T]) -> T | None:
        """Return what is announced; None for nothing."""
        text = FactRows().get(c, _fact(kind))
        return msgspec.json.decode(text, type=kind) if text else None

    def set(self, c: Connection, kind: type[T], value: T | None) -> None:
        """Store a value in place of the last one, None for nothing, and notify all users."""
        name = _fact(kind)
        FactRows().set(c, name, msgspec.json.encode(value).decode() if value else "")
        events.append(c, name, Subject(name, EVERYBODY), {"change": "changed"})


def _page(
    c: Connection,
    kind: type[Item],
    query: Select[Any],
    of: Table,
    limit: int,
    after: str,
    **equal: str,
) -> list[Item]:
    wanted = query.where(*(of.c[name] == value for name, value in equal.items() if value))
    rows = c.execute(newest_first(wanted, of.c.id, limit, after)).mappings()
    return [kind(**row) for row in rows]


def _fact(kind: type[Broadcast | Drain]) -> str:
    return kind.__name__.lower()


def _day(moment: Column[Any]) -> ColumnElement[int]:
    """Return the number of days since 1970."""
    return cast(type_coerce(moment, Float), BigInteger) // DAY_SECONDS


def _served(within: Any, since: datetime, now: datetime) -> Select[Any]:
    """Return what revisions of deployments requested on each day since their last start."""
    r, (begin, today) = revisions.c, (int(at.timestamp() // DAY_SECONDS) for at in (since, now))
    days = select(cast(begin, BigInteger).label("day")).cte(recursive=True)
    days = days.union_all(select(days.c.day + 1).where(days.c.day < today))
    first, after = days.c.day * DAY_SECONDS, (days.c.day + 1) * DAY_SECONDS
    start = type_coerce(r.started_at, Float)
    end = func.coalesce(type_coerce(r.ended_at, Float), now.timestamp())
    took = case((end < after, end), else_=after) - case((start > first, start), else_=first)
    requested = (took * r.spec[name].as_float() for name in ("gpu", "cpu"))
    return (
        select(days.c.day, within.of, *requested, literal(0))
        .join_from(revisions, within.id.table, within.id == r.deployment_id)
        .join(days, (start < after) & (end > first))
    )


def _of_projects(kind: str, resource: ColumnElement[Any]) -> Select[Any]:
    """Return the IDs of resources, each with the projects to which it is linked."""
    link = project_links.c
    project = (projects.c.owner + "/" + projects.c.name).label("of")
    item = resource.table
    return (
        select(item.c.id, project)
        .join_from(project_links, projects, projects.c.id == link.project_id)
        .join(item, resource == link.resource_id)
        .where(link.kind == kind)
    )
