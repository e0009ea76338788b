"""R11: estimates of live runs, asked of the service and of the command line's own words."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from nbyard.cli.views import time_left, usually
from nbyard.domain.estimates import Estimate, Usual
from nbyard.domain.runs import NewRun
from nbyard.errors import NotFound


@pytest.fixture
def took(yard):
    """Makes all successes so far last that long."""

    def change(seconds):
        from sqlalchemy import update

        from nbyard.store.tables import tasks

        end = datetime.now(UTC)
        times = {"started_at": end - timedelta(seconds=seconds), "finished_at": end}
        with yard.store.write() as c:
            c.execute(update(tasks).where(tasks.c.state == "succeeded").values(**times))

    return change


def test_what_is_left_is_told_from_what_was(yard, ann, root, flow, finished, took):
    """Both steps are one executable, which worked twice; at the end nothing is said."""
    runs = yard.services.runs
    done = finished(path=flow).run
    assert runs.estimate(ann, done.id) == Estimate(None, 0, {})
    took(120)
    document = json.loads((root / flow).read_text())
    document["nodes"]["one"]["gpu"] = 1  # there is none: it stays in the queue
    (root / flow).write_text(json.dumps(document))
    made = runs.create(ann, NewRun(path=flow, force=True))
    known = Usual(120, 2)
    assert runs.estimate(ann, str(made.number)) == Estimate(240, 0, {"one": known, "two": known})
    pinned = runs.create(ann, NewRun(path=flow, force=True, pins={"one": done.id}))
    assert runs.estimate(ann, pinned.id).nodes.keys() <= {"two"}
    runs.cancel(ann, made.id)
    with pytest.raises(NotFound):
        runs.estimate(ann, "none")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Estimate(None, 2, {}), ""),
        (Estimate(170, 0, {}), "about 3 min"),
        (Estimate(9000, 2, {}), "about 2.5 h; nothing is known of 2 steps"),
        (Estimate(9000, 1, {}), "about 2.5 h; nothing is known of 1 step"),
    ],
)
def test_the_rest_of_a_run_in_words(found, words):
    assert time_left(found) == words


def test_the_usual_in_words():
    assert usually(None) == ""
    assert usually(Usual(0.0, 1)) == "usually under a second (last run)"
    assert usually(Usual(1.2, 1)) == "usually 1 s (last run)"
    assert usually(Usual(180, 5)) == "usually 3 min (last 5 runs)"
