"""Each past due time has at most one run, also with kills and two dispatchers."""

from datetime import UTC, datetime, timedelta

import pytest

from nbyard.domain.automations.backfills import Backfill, NewBackfill
from nbyard.domain.automations.structs import AutomaticRun, NewAutomation
from nbyard.domain.automations.times.structs import Cron

from .place import Place, until

# Unit tests tell the stories of both databases; only --full kills on PostgreSQL, too.
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
BOTH = pytest.mark.parametrize("database_url", DATABASES, indirect=True)
DUE_TIMES = 4


def backfill(place: Place, at_once: int = 1) -> str:
    """Start the backfill of a short workflow, whose automation is disabled; return its ID."""
    run = AutomaticRun(path=place.flow({"a": []}))
    body = NewAutomation(run, Cron("0 * * * *"), zone="UTC", is_enabled=False)
    automation = place.yard.services.automations.create(place.caller, body).id
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    wanted = NewBackfill(hour - timedelta(hours=DUE_TIMES - 1), hour, at_once)
    return place.yard.services.backfills.create(place.caller, automation, wanted).id


def now(place: Place, key: str) -> Backfill:
    return place.yard.services.backfills.get(place.caller, key)


def check_runs(place: Place, key: str) -> None:
    """Check that each due time has one run, and each run its due time."""
    found = now(place, key)
    page = place.yard.services.runs.list(place.caller, automation=found.automation_id, limit=500)
    assert sorted(run.id for run in page.items) == sorted(one.run_id for one in found.firings)
    assert {run.id: run.origin.due_at for run in page.items} == {
        one.run_id: one.due_at for one in found.firings
    }
    assert found.counts.succeeded == DUE_TIMES


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("point", ["backfill-run-inserted", "backfill-run-committed:2"])
def test_dispatcher_dies_while_it_starts_a_past_due_run(place: Place, point: str) -> None:
    """An open transaction leaves nothing, and committed work is not repeated."""
    key = backfill(place, at_once=2)
    place.dispatcher_dies(point)
    started = [one for one in now(place, key).firings if one.run_id]
    assert len(started) == (0 if point == "backfill-run-inserted" else 2)
    place.dispatcher()
    until(lambda: now(place, key).state == "done", "the end of the backfill")
    place.settle()
    check_runs(place, key)


def test_two_dispatchers_start_each_run_once(place: Place) -> None:
    """One gets the lease. It is killed between two runs, and another one continues."""
    key = backfill(place)
    both = [place.dispatcher(), place.dispatcher()]
    until(lambda: now(place, key).counts.succeeded, "the first run")
    for process in both:
        if process.pid == place.holder():
            process.kill()
    place.dispatcher()
    until(lambda: now(place, key).state == "done", "the end of the backfill")
    place.settle()
    check_runs(place, key)
