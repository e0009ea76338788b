"""Operations for administrators."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.support.refusals import refused_at
from tests.unit.store.rows import START, Rows

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.users.admin import Broadcast
from nbyard.errors import Conflict, NotFound
from nbyard.reasons.structs import because
from nbyard.services.operation_table import table

ROOT = Caller("root", scopes=("read", "write", "deploy", "admin"))
USER = Caller("ann", scopes=("read", "write", "deploy"))
LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def script(yard) -> str:
    (yard.context.files.root / "work.sh").write_text("#!/bin/sh\ntrue\n")
    return "work.sh"


def test_only_the_right_admin_includes_these_operations():
    ours = [operation for operation in table() if operation.noun in ("admin", "audit")]
    assert len(ours) == 11
    for operation in ours:
        assert ROOT.may(operation.scope) and not USER.may(operation.scope), operation.id


def test_an_administrator_cancels_a_run_of_another(yard, ann, script):
    admin = yard.services.admin
    run = yard.services.runs.create(ann, NewRun(path=script))
    cancelled = admin.cancel_run(ROOT, run.id)
    assert (cancelled.id, cancelled.owner) == (run.id, "ann")
    shown = yard.services.runs.get(ann, run.id).run
    assert shown.cancel_requested_at
    assert shown.reason == because("cancelled-by-administrator")
    with pytest.raises(NotFound):
        admin.cancel_run(ROOT, str(run.number))  # numbers are labels
    with pytest.raises(NotFound):
        admin.stop_deployment(ROOT, run.id)


def test_an_administrator_stops_a_deployment_of_another(yard, ann):
    made = yard.services.deployments.create(ann, NewDeployment(image="scratch", title="Iris"))
    (shown,) = yard.services.admin.deployments(ROOT).items
    assert (shown.name, shown.owner, shown.state, shown.gpus) == ("iris", "ann", "queued", 0)
    stopped = yard.services.admin.stop_deployment(ROOT, made.id)
    assert (stopped.owner, stopped.state) == ("ann", "stopping")
    assert yard.services.admin.deployments(ROOT, user="bob").items == []


def test_lists_have_pages(yard, ann, script):
    for _ in range(3):
        yard.services.runs.create(ann, NewRun(path=script))
    admin = yard.services.admin
    first = admin.runs(ROOT, limit=2)
    rest = admin.runs(ROOT, limit=2, after=first.next)
    assert [run.number for run in first.items + rest.items] == [3, 2, 1]
    assert rest.next is None
    assert admin.queue(ROOT).items == []  # they wait for the dispatcher


def test_one_run_behind_three_of_another_user_is_second_in_the_queue(yard):
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        for owner in ("ann", "ann", "ann", "bob"):
            rows.task(rows.run(owner=owner), state="queued", queued_at=START)
    admin = yard.services.admin
    assert [task.owner for task in admin.queue(ROOT).items] == ["ann", "bob", "ann", "ann"]
    assert [task.run for task in admin.queue(ROOT, limit=2).items] == [1, 1]


def test_usage_needs_a_sensible_number_of_days(yard):
    assert yard.services.admin.usage(ROOT, "project", 7).items == []
    with refused_at("by"):
        yard.services.admin.usage(ROOT, "planet")
    with refused_at("days"):
        yard.services.admin.usage(ROOT, days=0)


def test_a_drain_lasts_until_it_is_ended(yard):
    drain = yard.services.admin.drain(ROOT, " new disks ")
    assert drain.text == "new disks"
    assert yard.services.system.announcements(USER).drain == drain
    yard.services.admin.resume(ROOT)
    assert yard.services.system.announcements(USER).drain is None
    for text in (" ", "x" * 501):
        with refused_at("text"):
            yard.services.admin.drain(ROOT, text)


def test_a_broadcast_lasts_until_its_time(yard):
    admin, shown = yard.services.admin, yard.services.system.announcements
    made = admin.broadcast(ROOT, "Reboot at six", LATER.isoformat())
    assert shown(USER).broadcast == made
    admin.withdraw(ROOT)
    assert shown(USER).broadcast is None
    with yard.store.write() as c:
        past = Broadcast("late", datetime.now(UTC) - timedelta(seconds=1))
        yard.store.announcements.set(c, Broadcast, past)
    assert shown(USER).broadcast is None
    for until in ("2020-01-01", "", "soon"):
        with refused_at("until"):
            admin.broadcast(ROOT, "x", until)


def test_only_administrators_of_a_shared_store_get_the_page(yard):
    shown = yard.services.system.announcements
    assert not shown(ROOT).is_admin
    yard.settings.shared = True
    assert shown(ROOT).is_admin and not shown(USER).is_admin


def test_a_user_cannot_cancel_an_ended_run_through_an_administrator(yard, ann, script, dispatcher):
    with dispatcher.standing_still():
        run = yard.services.runs.create(ann, NewRun(path=script))
        yard.services.runs.cancel(ann, run.id)
    dispatcher.until(lambda: yard.services.runs.get(ann, run.id), lambda r: r.run.finished_at)
    with pytest.raises(Conflict):
        yard.services.admin.cancel_run(ROOT, run.id)
