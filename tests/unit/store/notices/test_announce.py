"""The outbox is written in the transaction of the change, once for each channel."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from nbyard.domain.notices.structs import EVENTS, NoticeEvent, NoticeRule
from nbyard.domain.runs.origins import SCRATCH, FireCause
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import TASK
from nbyard.domain.workflows.structs import Document
from nbyard.reasons.structs import all_of, because
from nbyard.store import Connection, Store, transition
from nbyard.store.events import Move

from ..automations.conftest import NOW, StoredAutomations
from ..automations.conftest import add as add_automation
from ..rows import Rows, moment
from ..test_projects import add as add_project
from .test_channels import add


def channel(store: Store, c: Connection, *events: NoticeEvent, name: str = "team", **more: Any):
    made = add(store, c, name, "ada")
    store.rules.replace(c, "ada", made.id, [NoticeRule([*(events or EVENTS)], **more)])
    return made


def end(store: Store, c: Connection, to: str, path: str = "/a.ipynb", **columns: Any) -> Run:
    """Let a run of a file end."""
    run = Rows(store, c).run(path=path, **columns)
    transition.move_all(c, [store.runs.step(run, "running", {"started_at": moment(1)})])
    run = msgspec.structs.replace(run, state="running")
    transition.move_all(c, [store.runs.step(run, to, {"finished_at": moment(9)})])
    return run


def events(store: Store, c: Connection, made: Any) -> list[str]:
    return [one.notice.event for one in store.notices.waiting(c, made.id)]


def test_ends_are_announced_with_a_stable_id(store):
    with store.write() as c:
        made = channel(store, c)
        run = end(store, c, "failed")
        (one,) = store.notices.waiting(c, made.id)
        assert one.notice.event_id == f"{run.id}:failed"
        assert (one.notice.event, one.notice.run_id, one.owner) == ("failed", run.id, "ada")
        assert one.facts["number"] == run.number


def test_a_transaction_that_is_rolled_back_leaves_no_notice(store):
    with store.write() as c:
        made = channel(store, c)
    with pytest.raises(RuntimeError), store.write() as c:
        end(store, c, "failed")
        raise RuntimeError
    with store.read() as c:
        assert store.notices.waiting(c, made.id) == []
        assert not store.notices.is_waiting(c)


def test_a_recovery_takes_the_place_of_a_success(store):
    with store.write() as c:
        everything = channel(store, c)
        successes = channel(store, c, "succeeded", name="successes")
        for to in ("failed", "cancelled", "succeeded", "succeeded"):
            end(store, c, to)
        end(store, c, "succeeded", "/other.ipynb")
        assert events(store, c, everything) == [
            *("failed", "cancelled", "recovered", "succeeded", "succeeded"),
        ]
        assert events(store, c, successes) == ["succeeded"] * 3


def test_recovery_is_per_automation(store):
    with store.write() as c:
        made = channel(store, c)
        end(store, c, "failed", source_id="one")
        for source in ("two", "one", "one"):
            end(store, c, "succeeded", source_id=source)
        assert events(store, c, made) == ["failed", "succeeded", "recovered", "succeeded"]
        end(store, c, "failed", source_id="one")
        end(store, c, "succeeded")
        assert events(store, c, made)[-1] == "recovered", "a person ran the file"


def test_a_retried_attempt_is_announced_each_time(store):
    with store.write() as c:
        made = channel(store, c, "retried")
        rows = Rows(store, c)
        run = rows.run()
        task = rows.task(run, state="running")
        for number in (1, 2):
            why = because("attempt-failed", number=number, cause=because("no-message"))
            known = store.tasks.get(c, task.id)
            assert known is not None
            transition.move_all(c, [store.tasks.step(known, "queued", {"reason": why})])
            transition.move_all(
                c,
                [
                    Move(TASK, known.subject, *way, {}, {})
                    for way in (("queued", "preparing"), ("preparing", "running"))
                ],
            )
        found = store.notices.waiting(c, made.id)
        assert [one.notice.event_id for one in found] == [
            f"{run.id}:retried:{task.id}:{number}" for number in (1, 2)
        ]
        assert found[0].facts["reason"]["code"] == "attempt-failed"


@pytest.mark.parametrize("to", ["succeeded", "failed"])
def test_a_deviation_from_a_contract_is_announced(store, to):
    drift = because("contract-drift", name="out", breaches=[because("no-message")])
    with store.write() as c:
        made = channel(store, c, "drifted")
        run = Rows(store, c).run()
        ids: list[str] = []
        for warning in (drift, all_of([because("no-message"), drift]), because("no-message")):
            task = Rows(store, c).task(run, node=f"n{len(ids)}", state="running")
            ids.append(task.id)
            known = store.tasks.get(c, task.id)
            assert known is not None
            transition.move_all(c, [store.tasks.step(known, to, {"warning": warning})])
        notices = store.notices.waiting(c, made.id)
        assert [each.notice.event_id for each in notices] == [
            f"{run.id}:drifted:{task_id}" for task_id in ids[:2]
        ]
        assert {each.facts["reason"]["code"] for each in notices} == {"contract-drift"}


def test_due_times_without_a_run_are_announced(store):
    add_automation(store, "nightly", NOW, owner="ada")
    with store.write() as c:
        made = channel(store, c, "automation-missed")
        row = store.automations.by_id(c, "nightly")
        assert row is not None
        outcomes = ("missed", "overlapped", "failed", "started")
        for place, outcome in enumerate(outcomes):
            due = NOW + timedelta(hours=place)
            why = because("due-time-missed")
            store.firings.add_due(c, row.automation, due, outcome, reason=why, count=2)
        found = store.notices.waiting(c, made.id)
        assert [one.facts["due_at"] for one in found] == [
            NOW.isoformat(),
            (NOW + timedelta(hours=2)).isoformat(),
        ]
        assert found[0].facts["count"] == 2 and found[0].notice.title == "nightly"


def test_a_rule_of_a_schedule_reports_its_runs_only(store):
    add_automation(store, "nightly", NOW, owner="ada")
    with store.write() as c:
        made = add(store, c, owner="ada")
        chosen = [(made.id, NoticeRule(["failed"]))]
        store.rules.replace_of_automation(c, "ada", "nightly", chosen)
        end(store, c, "failed")
        end(store, c, "failed", origin="retry", source_id="hourly")
        runs = [
            end(store, c, "failed", origin=origin, source_id="nightly")
            for origin in ("automation", "backfill", "retry")
        ]
        found = store.notices.waiting(c, made.id)
        assert [one.notice.run_id for one in found] == [run.id for run in runs]


def test_a_rule_of_a_project_reports_its_runs_only(store):
    """A run belongs to a project by its own link, or by that of its workflow or automation."""
    add_automation(store, "nightly", NOW, owner="ada")
    with store.write() as c:
        wine, beer = add_project(store, c), add_project(store, c, "beer")
        made = channel(store, c, "failed", project=wine.id)
        store.projects.link(c, wine, "automation", "nightly")
        store.projects.link(c, wine, "workflow", "w")
        store.projects.link(c, beer, "workflow", "v")
        end(store, c, "failed")
        end(store, c, "failed", workflow_id="v")
        runs = [
            end(store, c, "failed", workflow_id="w"),
            end(store, c, "failed", origin="automation", source_id="nightly"),
        ]
        linked = Rows(store, c).run()
        store.projects.link(c, wine, "run", linked.id)
        transition.move_all(c, [store.runs.step(linked, "running", {"started_at": moment(1)})])
        linked = msgspec.structs.replace(linked, state="running")
        transition.move_all(c, [store.runs.step(linked, "failed", {"finished_at": moment(9)})])
        found = store.notices.waiting(c, made.id)
        assert [one.notice.run_id for one in found] == [run.id for run in (*runs, linked)]


@pytest.mark.parametrize("kind", ["automation", "workflow", None])
def test_a_missed_due_time_belongs_to_the_project_of_its_runs(store, kind):
    run = {"path": "/a.nbflow"}
    add_automation(store, "nightly", NOW, owner="ada", run=run)
    with store.write() as c:
        made = channel(store, c, "automation-missed", project=add_project(store, c).id)
        row = store.automations.by_id(c, "nightly")
        wine = store.projects.get(c, "ada", "wine")
        flow = store.workflows.create_or_update(c, "ada", row.automation.run.path, Document(1))
        if kind:
            store.projects.link(c, wine, kind, "nightly" if kind == "automation" else flow.id)
        store.firings.add_due(c, row.automation, NOW, "missed", reason=because("due-time-missed"))
        assert len(store.notices.waiting(c, made.id)) == (1 if kind else 0)


@pytest.mark.parametrize("kind", ["automation", "workflow", None])
def test_a_firing_without_a_run_is_announced_once(store, kind):
    run = {"path": "/a.nbflow"}
    automation = StoredAutomations(store).add("arrivals", owner="ada", run=run)
    with store.write() as c:
        everything, wine = channel(store, c, "automation-missed"), add_project(store, c)
        own = channel(store, c, "automation-missed", name="own", project=wine.id)
        flow = store.workflows.create_or_update(c, "ada", automation.run.path, Document(1))
        if kind:
            store.projects.link(c, wine, kind, "arrivals" if kind == "automation" else flow.id)
        why = because("watched-files-unreadable", path="/in", message="no")
        failed = store.firings.add(c, automation, "e1", FireCause(), reason=why)
        assert store.firings.add(c, automation, "e1", FireCause(), reason=why) is None
        waiting = store.firings.add(c, automation, "e2", FireCause())
        store.firings.conclude(c, automation, store.firings.get(c, waiting), "failed", why)
        skipped = store.firings.add(c, automation, "e3", FireCause())
        store.firings.conclude(c, automation, store.firings.get(c, skipped), "overlapped", why)
        found = store.notices.waiting(c, everything.id)
        assert [one.notice.event_id for one in found] == [
            f"{failed}:automation-missed",
            f"{waiting}:automation-missed",
        ]
        assert found[0].notice.title == "arrivals"
        assert found[0].facts["reason"]["code"] == "watched-files-unreadable"
        assert len(store.notices.waiting(c, own.id)) == (2 if kind else 0)


def test_other_owners_get_no_notice(store):
    with store.write() as c:
        made = add(store, c, owner="bob")
        store.rules.replace(c, "bob", made.id, [NoticeRule([*EVENTS])])
        end(store, c, "failed")
        assert store.notices.waiting(c, made.id) == []


@pytest.mark.parametrize("origin", sorted(SCRATCH))
def test_scratch_runs_are_not_announced(store, origin):
    """Neither their ends, nor as the failure before a success."""
    with store.write() as c:
        made = channel(store, c)
        end(store, c, "failed", origin=origin)
        end(store, c, "succeeded", origin=origin)
        end(store, c, "succeeded")
        assert events(store, c, made) == ["succeeded"]
