"""Sequences for one deployment that need each move between its states."""

from itertools import pairwise

import pytest

from nbyard.dispatch.deployments import revision_driver
from nbyard.domain.state_machines import DEPLOYMENT

from ..test_rollout_model import NONE
from .test_rollout import ANN, Rolling, rolling

__all__ = ["rolling"]

# Idle services do not sleep yet.
LATER = {("running", "sleeping"), ("sleeping", "queued"), ("sleeping", "stopping")}
FAILS = "exit-1 step step exit-1 step step exit-1 step"
STORIES = [
    "slow step fast step away step back step exit-0 step start step stop step start stop start",
    "step exit-1 step away step slow back step away step exit-0 back step",
    "step away step exit-1 back step",
    "away step stop",
    "unknown away step back step start",
    "unknown step stop",
    "slow step exit-1 step",
    "slow step exit-0 step stop",
    f"slow step {FAILS}",
    "slow step stop",
    f"step {FAILS}",
    "step exit-1 killed slow step",
    "killed exit-0 step",
]


def tell(rolling: Rolling, story: str, patch: pytest.MonkeyPatch) -> list[str]:
    """Let the story happen; return the states in their order."""
    words = story.split()
    rolling.create(service="own", ports=[], image=NONE if "unknown" in words else "cows:1")
    for word in words:
        happen(rolling, word, patch)
    events = rolling.deployments.events(ANN, "cows", limit=100).items
    return [event.state for event in reversed(events) if event.state]


def happen(rolling: Rolling, word: str, patch: pytest.MonkeyPatch) -> None:
    match word:
        case "step":
            rolling.step()
        case "killed":  # before it tells the state
            with pytest.MonkeyPatch.context() as brief:
                brief.setattr(rolling.rollout.notes, "record_state", lambda *_: None)
                rolling.step()
        case "slow" | "fast":
            patch.setattr(revision_driver, "PROCESS_SECONDS", 1e9 if word == "slow" else 0.0)
        case "away" | "back":
            rolling.engine.is_there = word == "back"
        case "exit-0" | "exit-1":
            rolling.engine.end(rolling.engine.living()[0], int(word[-1]))
        case "stop":
            rolling.deployments.stop(ANN, "cows")
        case "start":
            rolling.deployments.start(ANN, "cows")


def test_only_the_expected_state_changes_happen(rolling, monkeypatch):
    made: set[tuple[str, str]] = set()
    for story in STORIES:
        monkeypatch.setattr(revision_driver, "PROCESS_SECONDS", 0.0)
        rolling.begin_anew()
        made.update(pairwise(tell(rolling, story, monkeypatch)))
    known = {(a, b) for a, after in DEPLOYMENT.moves.items() for b in after}
    assert made == known - LATER
