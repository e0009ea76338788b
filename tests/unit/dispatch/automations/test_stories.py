"""Restarts, changed clocks and two dispatchers: each due time and event has at most one run."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.fake_runtime_bench import OWNER

CASES = json.loads((Path(__file__).parents[3] / "cases" / "due_times.json").read_text("utf-8"))


def play(scheduled: Any, verb: str, word: str) -> None:
    """Play one scene of a story."""
    if verb == "set":
        scheduled.clock.set(word)
    elif verb == "at":
        scheduled.at(word)
    elif verb == "look":
        scheduled.look()
    elif verb == "end":
        scheduled.end_runs()
    elif verb == "restart":
        scheduled.restart()
    elif verb in {"former", "both"}:
        for controller in scheduled.controllers[: 1 if verb == "former" else 2]:
            controller.tick()
        scheduled.settle()
        scheduled.look() if verb == "both" else None
    else:
        getattr(scheduled.service, verb)(OWNER, scheduled.id)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_due_time_has_at_most_one_run(scheduled, case):
    scheduled.clock.set(case["start"])
    scheduled.create(**case["automation"])
    for verb, word in case["story"]:
        play(scheduled, verb, word)
    assert scheduled.told() == case["firings"]
    started = [firing.due_at for firing in scheduled.firings() if firing.outcome == "started"]
    dues = [run.origin.due_at for run in scheduled.runs()]
    assert sorted(dues) == started and len(set(dues)) == len(dues)


# What happens after a new version of the dataset is ready, or the automation is fired.
STORIES = {
    "one dispatcher": ["look"],
    "restart before the look": ["restart", "look"],
    "restart between event and run": ["match", "restart", "look"],
    "the former one looks too": ["restart", "former", "look", "former"],
    "both match, then both start": ["restart", "match both", "look both"],
    "the cursor is lost": ["look", "lose the cursor", "restart", "look"],
}


def play_events(fired: Any, scene: str) -> None:
    """Play one scene of a story."""
    if scene == "restart":
        fired.restart()
    elif scene == "lose the cursor":
        with fired.bench.store.write() as c:
            fired.bench.store.automations.move_cursor(c, 0)
    elif scene.startswith("match"):
        for controller in fired.controllers if scene.endswith("both") else [fired.controller]:
            controller.threads.submit("store events", controller.events.match)
        fired.settle()
    elif scene == "look both":
        for controller in fired.controllers:
            controller.tick()
        fired.settle()
        fired.look()
    else:
        fired.look(fired.controllers[0] if scene == "former" else None)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
@pytest.mark.parametrize("kind", ["dataset", "notebook"])
def test_each_event_has_one_run(fired, story, kind):
    fired.publish()
    on = {"kind": kind, "dataset": "sea"} if kind == "dataset" else {"kind": kind}
    made = fired.create(on, overlap="queue")
    for number in (1, 2):
        if kind == "dataset":
            fired.publish(text=f"a\n{number}\n")
        else:
            fired.fire(made)
        for scene in story:
            play_events(fired, scene)
        fired.end_runs(made)
        fired.look()
    fired.end_runs(made)
    fired.look()
    assert fired.outcomes(made) == ["started", "started"]
    assert len(fired.runs(made)) == 2
    assert fired.service.get(OWNER, made.id).counts.started == 2
    causes = [run.origin.cause for run in fired.runs(made)]
    assert kind == "notebook" or [cause.version for cause in causes] == [3, 2]
