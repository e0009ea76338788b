"""The audit log, and what administrators see of all owners, in both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from nbyard.domain.ids import first_id_at, new_id
from nbyard.domain.state_machines import ATTEMPT
from nbyard.domain.users.admin import AuditEntry, Broadcast, Drain, UsageDay
from nbyard.reasons.structs import because
from nbyard.store import Store, transition
from nbyard.store.schema.tables import artifacts, attempts, dataset_versions

from .rows import START, Rows, moment
from .test_deployments import SPEC

HOUR = 3600.0
LATER = moment(2 * 86400)
DAY = START.date().isoformat()


def entry(user: str = "ann", operation: str = "runs.cancel", **more: Any) -> AuditEntry:
    values: dict[str, Any] = {"subject": "12", "owner": "", "status": 202, "request_id": "r"}
    values |= {"id": new_id(), "at": datetime.now(UTC), **more}
    return AuditEntry(user=user, operation=operation, **values)


def add(store: Store, *entries: AuditEntry) -> None:
    with store.write() as c:
        for each in entries:
            store.audit.add(c, each)


def subjects(store: Store, limit: int = 9, after: str = "", **more: str) -> list[str]:
    begin, end = more.pop("begin", ""), more.pop("end", "")
    with store.read() as c:
        return [e.subject for e in store.audit.page(c, limit, after, begin, end, **more)]


def test_entries_are_read_as_they_were_written_newest_first(store: Store) -> None:
    first = entry(subject="first")
    whole = entry(person="Ann A.", token="a7", attempt_id=new_id(), owner="bob", status=403)
    add(store, whole, first)
    with store.read() as c:
        (found,) = store.audit.page(c, 1, "", "", "")
    assert found == replace(whole, at=found.at)
    assert abs(found.at - whole.at) < timedelta(milliseconds=1)
    assert subjects(store, after=whole.id) == ["first"]


def test_entries_are_found_by_user_operation_and_time(store: Store) -> None:
    old = first_id_at(datetime(2026, 1, 1, tzinfo=UTC))
    add(store, entry(subject="old", id=old), entry("bob", subject="bob"))
    add(store, entry(operation="runs.delete", subject="deleted"))
    assert subjects(store, user="bob") == ["bob"]
    assert subjects(store, operation="runs.delete") == ["deleted"]
    edge = first_id_at(datetime(2026, 2, 1, tzinfo=UTC))
    assert subjects(store, begin=edge) == ["deleted", "bob"]
    assert subjects(store, end=edge) == ["old"]


def test_only_old_entries_are_deleted(store: Store) -> None:
    add(store, entry(subject="old", id=first_id_at(datetime(2026, 1, 1, tzinfo=UTC))))
    add(store, entry(subject="new"))
    with store.write() as c:
        store.audit.delete_before(c, datetime(2026, 2, 1, tzinfo=UTC))
    assert subjects(store) == ["new"]


def test_runs_of_all_owners_are_listed_newest_first(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        bob = rows.run(owner="bob", title="Train", person="b", parameters={"secret": "x"})
        rows.run("named")
        rows.run(owner="bob", origin="check")
    with store.read() as c:
        found = store.overview.runs(c, 9, "")
        (only,) = store.overview.runs(c, 9, "", state="queued", owner="bob")
        assert store.overview.runs(c, 9, only.id) == []
        assert store.overview.owner(c, "run", bob.id) == "bob"
        assert store.overview.owner(c, "deployment", bob.id) is None
    assert [(run.name, run.title, run.owner) for run in found] == [
        ("named", "", "ada"),
        (None, "Train", "bob"),
    ]
    assert (only.id, only.person) == (bob.id, "b")


def test_the_queue_has_the_order_of_turns_over_all_owners(store: Store) -> None:
    waits = because("waits-for-turn")
    with store.write() as c:
        rows = Rows(store, c)
        for owner, nodes in (("ann", "abc"), ("bob", "d")):
            run = rows.run(owner=owner)
            for node in nodes:
                rows.task(run, node, state="queued", queued_at=START, waits=waits)
            rows.task(run, "done", state="succeeded")
    with store.read() as c:
        found = store.overview.queue(c, [task.id for task in store.quotas.queue(c, 60.0)])
        assert store.overview.queue(c, [found[1].id]) == [found[1]]
    assert [(task.node, task.owner, task.runtime, task.waits) for task in found] == [
        ("a", "ann", "process", waits),
        ("d", "bob", "process", waits),
        ("b", "ann", "process", waits),
        ("c", "ann", "process", waits),
    ]


@pytest.fixture
def used(store: Store) -> Store:
    """A store where Bob and Ada worked on one day, and Bob the day after; Bob's is in a project."""
    with store.write() as c:
        rows = Rows(store, c)
        for owner, days, cpu in (("ada", 0, 1.0), ("bob", 0, 2.0), ("bob", 1, 4.0)):
            run = rows.run(owner=owner)
            end = START + timedelta(days=days)
            for is_cached in (False, True):
                task = rows.task(run, f"n{is_cached}", cached=is_cached)
                values = {"digest": "", "filename": "a", "format": "csv", "size_bytes": 10}
                values |= {"id": new_id(), "run_id": run.id, "task_id": task.id, "name": "out"}
                c.execute(artifacts.insert(), [{**values, "created_at": end}])
            made = rows.attempt(task)
            c.execute(attempts.update().where(attempts.c.id == made.id).values(gpus=["0", "1"]))
            transition.move(c, ATTEMPT, made.subject, "starting")
            times = {"started_at": end - timedelta(hours=1), "finished_at": end}
            told: dict[str, Any] = {"usage": {"cpu_seconds": cpu * HOUR}, **times}
            transition.move(c, ATTEMPT, made.subject, "succeeded", **told)
            rows.attempt(task)  # still recorded
            if owner == "bob":
                _link(store, c, "bob", run.id)
        dataset = rows.dataset("sea", "ada")
        c.execute(dataset_versions.update().values(size_bytes=5))
        assert dataset.owner == "ada"
    return store


def _link(store: Store, c: Any, owner: str, item_id: str, kind: Any = "run") -> None:
    project = store.projects.get(c, owner, "wine")
    if project is None:
        row: dict[str, Any] = {"id": new_id(), "name": "wine", "owner": owner, "revision": 1}
        row |= dict.fromkeys(("description", "repository", "requirements", "files"), "")
        row |= {"metadata": {}, "task": {}, "created_at": START, "updated_at": START}
        store.projects.insert(c, row)
        project = store.projects.get(c, owner, "wine")
    assert project is not None
    store.projects.link(c, project, kind, item_id)


def test_usage_is_summed_by_user_and_day(used: Store) -> None:
    after = (START + timedelta(days=1)).date().isoformat()
    with used.read() as c:
        assert used.overview.usage(c, moment(-86400), LATER, by_project=False) == [
            UsageDay(after, "bob", 2.0, 4.0, 10),
            UsageDay(DAY, "ada", 2.0, 1.0, 15),
            UsageDay(DAY, "bob", 2.0, 2.0, 10),
        ]
        assert [u.day for u in used.overview.usage(c, moment(60), LATER, by_project=False)] == [
            after
        ]


def test_usage_is_summed_by_project(used: Store) -> None:
    with used.read() as c:
        found = used.overview.usage(c, moment(-86400), LATER, by_project=True)
    assert [(u.of, u.core_hours, u.stored_bytes) for u in found] == [
        ("bob/wine", 4.0, 10),
        ("bob/wine", 2.0, 10),
    ]


@pytest.mark.parametrize("by_project", [False, True])
def test_deployments_use_what_they_request_on_each_day(store: Store, *, by_project: bool) -> None:
    midnight = START.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight + timedelta(days=ago) for ago in range(3)]
    spec = replace(SPEC, gpu=2, cpu=4.0)
    with store.write() as c:
        for name, owner in (("ended", "bob"), ("serving", "bob"), ("pending", "ada")):
            store.deployments.insert(c, owner, name, {"name": name, "title": "", "description": ""})
            made = because("deployment-created")
            store.deployments.add_revision(c, name, spec, made, "hash")
            _link(store, c, "bob", name, "deployment")
        for name, start, end in (
            ("ended", days[0] - timedelta(hours=5), days[1] + timedelta(hours=1)),
            ("serving", days[1] + timedelta(hours=21), None),
        ):
            row = store.deployments.revision(c, name, 1)
            assert row is not None
            store.deployments.set_revision(c, row.revision.id, started_at=start, ended_at=end)
    with store.read() as c:
        now = days[2] + timedelta(hours=7)
        found = store.overview.usage(c, days[0], now, by_project=by_project)
    of = "bob/wine" if by_project else "bob"
    hours = [7.0, 4.0, 24.0]
    assert [(u.day, u.of, u.gpu_hours / 2, u.core_hours / 4) for u in found] == [
        (day.date().isoformat(), of, hour, hour)
        for day, hour in zip(reversed(days), hours, strict=True)
    ]


def test_announcements_replace_each_other_and_reach_all_users(store: Store) -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    with store.write() as c:
        store.announcements.set(c, Broadcast, Broadcast("first", until))
        store.announcements.set(c, Broadcast, Broadcast("second", until))
        store.announcements.set(c, Drain, Drain("disk", until))
        store.announcements.set(c, Drain, None)
    with store.read() as c:
        assert store.announcements.get(c, Broadcast) == Broadcast("second", until)
        assert store.announcements.get(c, Drain) is None
        for user in ("ann", "bob"):
            topics = [e.topic for e in store.events.events_after(c, user, 0, 9)]
            assert topics == ["broadcast", "broadcast", "drain", "drain"]
