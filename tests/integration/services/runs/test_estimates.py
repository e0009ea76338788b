"""R11: estimates of live runs, asked of the service and of the command line's own words."""

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
from nbyard.host import gpus
from nbyard.services.runs import estimates


@pytest.fixture
def took(yard):
    """Makes all successes so far last that long."""

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
    """Estimates count on one; the dispatcher knows of none, so that who wants it stays queued."""
    monkeypatch.setattr(gpus, "gpu_ids", lambda configured: ())
    machine = Capacity(16, gpus=("0",))
    return lambda: monkeypatch.setattr(estimates, "capacity", lambda settings: machine)


def wants_a_gpu(path):
    document = json.loads(path.read_text())
    document["nodes"]["one"]["gpu"] = 1
    path.write_text(json.dumps(document))


def queued(runs, caller, *made):
    """Whether the first steps of all of them are in the queue."""
    tasks = [task for run in made for task in runs.get(caller, run.id).tasks if task.node == "one"]
    return all(task.state == "queued" for task in tasks)


def test_what_is_left_is_told_from_what_was(
    yard, ann, root, flow, finished, took, with_a_gpu, dispatcher
):
    """Both steps are one executable, which worked twice; at the end nothing is said."""
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


def test_its_turn_is_when_other_runs_let_it(
    yard, ann, root, flow, finished, took, with_a_gpu, dispatcher
):
    """R11: also those of other people, whose steps here never worked before."""
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
def test_the_rest_of_a_run_in_words(found, words):
    assert time_left(found) == words


def test_the_usual_in_words():
    assert usual_duration_text(None) == ""
    assert usual_duration_text(Usual(0.0, 1)) == "usually under a second (last run)"
    assert usual_duration_text(Usual(1.2, 1)) == "usually 1 s (last run)"
    assert usual_duration_text(Usual(180, 5)) == "usually 3 min (last 5 runs)"
    waits = Usual(180, 1, 7200)
    assert usual_duration_text(waits) == "usually 3 min (last run), starts in about 2.0 h"
    assert usual_duration_text(waits, "running") == "usually 3 min (last run)"
    assert usual_duration_text(Usual(180, 1, 0.2)) == "usually 3 min (last run)"
