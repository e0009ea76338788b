"""Estimates of live runs, from the service and as text of the command line."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from nbyard.cli.output.views.views_by_noun import time_left, usual_duration_text
from nbyard.domain.callers import Caller
from nbyard.domain.runs.previews.estimates import Estimate, Usual
from nbyard.domain.runs.slots import Capacity
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import NotFound
from nbyard.host import hardware
from nbyard.services.runs import forecasts


@pytest.fixture
def took(yard):
    """Return a function that sets the duration of all earlier successful tasks."""

    def change(seconds):
        from sqlalchemy import update

        from nbyard.store.schema.tables import tasks

        end = datetime.now(UTC)
        times = {"started_at": end - timedelta(seconds=seconds), "finished_at": end}
        with yard.store.write() as c:
            c.execute(update(tasks).where(tasks.c.state == "succeeded").values(**times))

    return change


@pytest.fixture
def with_a_gpu(monkeypatch):
    """Return a function that lets estimates assume one GPU.

    The dispatcher has none, so tasks that request it stay queued."""
    monkeypatch.setattr(hardware, "gpu_ids", lambda configured: ())
    machine = Capacity(16, gpus=("0",))
    return lambda: monkeypatch.setattr(forecasts, "capacity", lambda settings: machine)


def wants_a_gpu(path):
    document = json.loads(path.read_text())
    document["nodes"]["one"]["gpu"] = 1
    path.write_text(json.dumps(document))


def queued(runs, caller, *made):
    """Return whether the first tasks of all runs are queued."""
    tasks = [task for run in made for task in runs.get(caller, run.id).tasks if task.node == "one"]
    return all(task.state == "queued" for task in tasks)


def test_remaining_time_is_estimated_from_earlier_tasks(
    yard, ann, root, flow, finished, took, with_a_gpu, dispatcher
):
    """Both nodes use one executable, which succeeded twice. A finished run has no estimate."""
    runs = yard.services.runs
    done = finished(path=flow).run
    assert runs.estimate(ann, done.id) == Estimate(None, 0, {})
    took(120)
    wants_a_gpu(root / flow)
    made = runs.create(ann, NewRun(path=flow, force=True))
    dispatcher.until(lambda: queued(runs, ann, made), bool)
    known = Usual(120, 2)
    never = Estimate(None, 0, {"one": known, "two": known})
    assert runs.estimate(ann, str(made.number)) == never
    with_a_gpu()
    first = msgspec.structs.replace(known, starts_in_seconds=0)
    assert runs.estimate(ann, made.id) == Estimate(240, 0, {"one": first, "two": known})
    pinned = runs.create(ann, NewRun(path=flow, force=True, pins={"one": done.id}))
    assert runs.estimate(ann, pinned.id).nodes.keys() <= {"two"}
    runs.cancel(ann, made.id)
    with pytest.raises(NotFound):
        runs.estimate(ann, "none")


def test_estimated_start_waits_for_other_runs(
    yard, ann, root, flow, finished, took, with_a_gpu, dispatcher
):
    """This includes runs of other users, whose tasks have no history here."""
    runs, bob = yard.services.runs, Caller("bob")
    finished(path=flow)
    took(120)
    wants_a_gpu(root / flow)
    with_a_gpu()
    made = [runs.create(ann, NewRun(path=flow, force=True)) for _ in range(2)]
    dispatcher.until(lambda: queued(runs, ann, *made), bool)
    found = runs.estimate(ann, made[1].id)
    assert (found.nodes["one"].starts_in_seconds, found.remaining_seconds) == (120, 360)
    theirs = runs.create(bob, NewRun(path=flow, force=True, priority=1))
    dispatcher.until(lambda: queued(runs, bob, theirs), bool)
    assert runs.estimate(ann, made[1].id).nodes["one"].starts_in_seconds is None
    for caller, run in ((ann, made[0]), (ann, made[1]), (bob, theirs)):
        runs.cancel(caller, run.id)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Estimate(None, 2, {}), ""),
        (Estimate(170, 0, {}), "about 3 min"),
        (Estimate(9000, 2, {}), "about 2.5 h; 2 tasks without an estimate"),
        (Estimate(9000, 1, {}), "about 2.5 h; 1 task without an estimate"),
    ],
)
def test_text_of_the_remaining_time(found, words):
    assert time_left(found) == words


def test_text_of_the_usual_duration():
    assert usual_duration_text(None) == ""
    assert usual_duration_text(Usual(0.0, 1)) == "usually under a second (last run)"
    assert usual_duration_text(Usual(1.2, 1)) == "usually 1 s (last run)"
    assert usual_duration_text(Usual(180, 5)) == "usually 3 min (last 5 runs)"
    waits = Usual(180, 1, 7200)
    assert usual_duration_text(waits) == "usually 3 min (last run), starts in about 2.0 h"
    assert usual_duration_text(waits, "running") == "usually 3 min (last run)"
    assert usual_duration_text(Usual(180, 1, 0.2)) == "usually 3 min (last run)"
