"""Each due time has at most one run, also with kills and changed clocks."""

import itertools
import time
from functools import partial
from pathlib import Path

import pytest

from nbyard.domain.automations.structs import AutomaticRun, Firing, NewAutomation
from nbyard.domain.automations.times import cron
from nbyard.domain.automations.times.structs import Cron

from .place import Place, until
from .test_clocks import LIBRARY, dispatcher_with_clock

EVERY_TWO_SECONDS = Cron("*/2 * * * * *")
EVERY_TEN_SECONDS = Cron("*/10 * * * * *")
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
STEPS = (3600, 0, -3600, 86_400, 0)


def automation(place: Place, every: Cron = EVERY_TEN_SECONDS) -> str:
    """Create an automation of a short workflow; return its ID."""
    run = AutomaticRun(path=place.flow({"a": []}))
    body = NewAutomation(run, every, overlap="queue")
    return place.yard.services.automations.create(place.caller, body).id


def started(place: Place, automation_id: str) -> list[Firing]:
    """Return the firings of due times that have a run."""
    page = place.yard.services.automations.firings(place.caller, automation_id, limit=500)
    return [one for one in page.items if one.outcome == "started"]


def check_runs(place: Place, automation_id: str) -> None:
    """Check that each run has its own due time, and each due time with a run its firing."""
    runs = place.yard.services.runs.list(place.caller, automation=automation_id, limit=500).items
    dues = [run.origin.due_at for run in runs]
    assert len(dues) == len(set(dues))
    assert sorted(filter(None, dues)) == sorted(
        one.due_at for one in started(place, automation_id) if one.due_at
    )
    assert {run.id for run in runs} == {one.run_id for one in started(place, automation_id)}


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("point", ["due-time-inserted", "due-time-committed"])
def test_dispatcher_dies_while_it_starts_a_due_run(
    place: Place, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open transaction leaves nothing, and committed work is not repeated."""
    monkeypatch.setattr(cron, "LEAST_SECONDS", 1)  # as for the dispatchers of the zygote
    made = automation(place, EVERY_TWO_SECONDS)
    place.dispatcher_dies(point)
    assert len(started(place, made)) == (point == "due-time-committed")
    process = place.dispatcher()
    until(lambda: len(started(place, made)) >= 2, "two due times")
    place.yard.services.automations.disable(place.caller, made)
    place.settle()
    assert not process.is_running()
    check_runs(place, made)
    assert set(place.states().values()) == {"succeeded"}


@pytest.mark.long
@pytest.mark.skipif(LIBRARY is None, reason="needs faketime (apt-get install faketime)")
@pytest.mark.parametrize("seconds", [0, 120])
def test_repeated_clock_changes_start_each_due_run_once(
    place: Place, tmp_path: Path, seconds: int
) -> None:
    """The dispatcher keeps running while its clock moves by an hour or a day, once or
    repeatedly."""
    made, clock = automation(place), tmp_path / "clock"
    place.settings |= {"NBYARD_IDLE_SECONDS": "60"}

    def has_more(known: int) -> bool:
        return len(started(place, made)) > known

    with dispatcher_with_clock(place, clock):
        end = time.monotonic() + seconds
        for number, step in enumerate(itertools.cycle(STEPS)):
            if number >= len(STEPS) and time.monotonic() >= end:
                break
            clock.write_text(f"{step:+d}")
            before = len(started(place, made))
            until(partial(has_more, before), f"a run at {step:+d} s")
        place.yard.services.automations.disable(place.caller, made)
        until(place.all_ended, "the end of all runs")
    check_runs(place, made)
    assert set(place.states().values()) == {"succeeded"}
