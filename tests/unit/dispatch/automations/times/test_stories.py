"""Stories of clocks, suspends, restarts and two dispatchers: each due time has 0 or 1 run."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.fake_runtime_bench import OWNER

CASES = json.loads((Path(__file__).parents[4] / "cases" / "schedules.json").read_text("utf-8"))


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
def test_each_due_time_has_at_most_one_run(scheduled: Any, case: dict[str, Any]) -> None:
    scheduled.clock.set(case["start"])
    scheduled.create(**case["schedule"])
    for verb, word in case["story"]:
        play(scheduled, verb, word)
    assert scheduled.told() == case["ticks"]
    started = [tick.due_at for tick in scheduled.firings() if tick.outcome == "started"]
    dues = [run.origin.due_at for run in scheduled.runs()]
    assert sorted(dues) == started and len(set(dues)) == len(dues)
