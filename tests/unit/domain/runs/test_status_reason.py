"""Why a task is where it is: what is put into the sentence is found in it again. The cases are
shared with the TypeScript tests."""

import json
from pathlib import Path

import pytest

from nbyard.domain.runs import status_reason

CASES = json.loads((Path(__file__).parents[3] / "cases" / "reasons.json").read_text("utf-8"))
FAILED = status_reason.after_attempt(2, "failed", "no route")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["reason"] or "none")
def test_what_it_waits_for_stands_behind_why_it_runs(case: dict[str, str]) -> None:
    assert status_reason.waiting(case["why"], case["waits"]) == case["reason"]
    assert status_reason.waiting(case["reason"], "") == case["why"]
    assert status_reason.waiting(case["reason"], case["waits"]) == case["reason"], "not once more"


def test_the_first_time_there_was_no_attempt_before() -> None:
    for reason in ("", "waits for its turn", "runs because attempt 1 is told of"):
        assert status_reason.attempt_before(reason) == ""
        assert status_reason.queued(reason, "no GPU is free") == "no GPU is free"


@pytest.mark.parametrize("words", ["waits for a slot", "the engine cannot be reached"])
def test_in_the_queue_what_became_of_the_attempt_before_stays(words: str) -> None:
    assert FAILED == "attempt 2 failed: no route"
    queued = status_reason.queued(FAILED, words)
    assert queued.startswith(FAILED)
    assert queued.endswith(words)
    assert status_reason.attempt_before(queued) == FAILED
    assert status_reason.queued(queued, "wait still") == f"{FAILED} – wait still"


def test_that_it_goes_on_is_a_part_of_why_it_runs() -> None:
    """M4: what it waits for stays behind that."""
    words = "runs again: attempt 1 was lost; it goes on behind 12 rows that are there already"
    assert status_reason.going_on("runs again: attempt 1 was lost", 12) == words
    waits = status_reason.waiting("runs again: attempt 1 was lost", "a worker")
    assert status_reason.waiting(status_reason.going_on(waits, 12), "") == words
