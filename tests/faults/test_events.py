"""Each event has at most one run, and none is lost, also if the dispatcher is killed."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.automations.structs import Fire, Firing, NewAutomation
from nbyard.domain.datasets.structs import FileSource, NewDataset

from .place import Place, until

# Unit tests tell the stories of both databases; only --full kills on PostgreSQL, too.
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
BOTH = pytest.mark.parametrize("database_url", DATABASES, indirect=True)
SETTLE_SECONDS = 0.1


def fired(place: Place, on: dict[str, Any]) -> str:
    """Create an automation of a short workflow; return its ID."""
    plain = {"run": {"path": place.flow({"a": []})}, "on": on, "overlap": "queue"}
    body = msgspec.convert(plain, NewAutomation)
    return place.yard.services.automations.create(place.caller, body).id


def firings(place: Place, automation_id: str) -> list[Firing]:
    """Return all firings of an automation."""
    return place.yard.services.automations.firings(place.caller, automation_id, limit=500).items


def started(place: Place, automation_id: str) -> list[Firing]:
    """Return the firings of an automation that have a run."""
    return [firing for firing in firings(place, automation_id) if firing.outcome == "started"]


def check_runs(place: Place, automation_id: str, count: int) -> None:
    """Check that each firing has its own run, and each run its firing."""
    runs = place.yard.services.runs.list(place.caller, automation=automation_id, limit=500).items
    assert len(runs) == count
    assert {run.id for run in runs} == {one.run_id for one in started(place, automation_id)}
    assert len(firings(place, automation_id)) == count


def finish(place: Place, automation_id: str, count: int) -> None:
    """Let the next dispatcher start the runs, then stop all of it."""
    process = place.dispatcher()
    until(lambda: len(started(place, automation_id)) >= count, "the runs of all events")
    place.yard.services.automations.disable(place.caller, automation_id)
    place.settle()
    assert not process.is_running()
    check_runs(place, automation_id, count)
    assert set(place.states().values()) == {"succeeded"}


def publish(place: Place, text: str) -> None:
    """Ask for a version of a dataset."""
    (place.root / "sea.csv").write_text(text)
    body = NewDataset(FileSource("sea.csv"), name="sea", replace=True)
    place.yard.services.datasets.create(place.caller, body)


def is_ready(place: Place) -> bool:
    return place.yard.services.datasets.get(place.caller, "sea").current.state == "ready"


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("point", ["events-matched", "firings-committed", "firing-run-inserted"])
def test_dispatcher_dies_while_a_dataset_version_fires_an_automation(
    place: Place, point: str
) -> None:
    publish(place, "a\n1\n")
    process = place.dispatcher()
    until(lambda: is_ready(place), "the first version")
    process.terminate()
    until(lambda: not process.is_running(), "the end of the first dispatcher")
    made = fired(place, {"kind": "dataset", "dataset": "sea"})
    publish(place, "a\n2\n")
    place.dispatcher_dies(point)
    assert len(firings(place, made)) == (point != "events-matched")
    assert started(place, made) == []
    finish(place, made, 1)


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("point", ["firing-run-inserted", "firing-run-committed"])
def test_dispatcher_dies_while_a_run_fires_an_automation(place: Place, point: str) -> None:
    made = fired(place, {"kind": "notebook"})
    for _ in range(2):
        place.yard.services.automations.fire(place.caller, made, Fire())
    place.dispatcher_dies(point)
    assert len(started(place, made)) == (point == "firing-run-committed")
    finish(place, made, 2)


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("point", ["files-matched", "firings-committed"])
def test_dispatcher_dies_while_files_fire_an_automation(place: Place, point: str) -> None:
    (place.root / "inbox").mkdir()
    on = {"kind": "file", "path": "inbox", "settle_seconds": SETTLE_SECONDS}
    made = fired(place, on)
    (place.root / "inbox" / "a").write_text("1")
    place.dispatcher_dies(point)
    assert len(firings(place, made)) == (point == "firings-committed")
    finish(place, made, 1)
