"""The tests of a search method: subclass `SearchConformance` in a test module.

class TestMine(SearchConformance):
    @pytest.fixture
    def method(self): return MyMethod()
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from nbyard.domain.maps.searches import Pruner, SearchMethod, Trial, TrialState, Values
from nbyard.domain.maps.structs import Range, Search

SPACE: dict[str, Range | list[Any]] = {
    "rate": Range(1e-4, 0.1, log=True),
    "share": Range(-1.0, 1.0),
    "depth": Range(1, 8),
    "size": Range(16, 1024, log=True),
    "fixed": Range(2, 2),
    "model": ["tree", {"kind": "forest"}, None],
}
STATES: Sequence[TrialState] = ("succeeded", "failed", "pruned", "running")


class SearchConformance:
    """The tests that every search method must pass, and those of pruners if it is one."""

    @pytest.fixture(params=["maximize", "minimize"])
    def search(self, request: pytest.FixtureRequest, method: SearchMethod) -> Search:
        """Return a search of all kinds of parameters."""
        goal = "score" if method.learns else ""
        return Search(SPACE, 40, goal=goal, direction=request.param)

    def test_it_declares_itself(self, method: SearchMethod) -> None:
        assert method.learns in (True, False)
        assert all(isinstance(package, str) for package in method.requires)

    def test_values_are_in_the_space(self, method: SearchMethod, search: Search) -> None:
        values = _suggested(method, search)
        assert len(values) == search.count
        for value in values:
            assert value.keys() == SPACE.keys() and _is_in_space(value)
            assert msgspec.json.decode(msgspec.json.encode(value)) == value

    def test_equal_trials_lead_to_equal_values(self, method: SearchMethod, search: Search) -> None:
        """Check that a new process goes on where another one was killed."""
        first = _suggested(method, search)
        assert _suggested(type(method)(), search) == first
        other = msgspec.structs.replace(search, seed=1)
        assert _suggested(method, other) != first

    def test_more_elements_keep_those_before(self, method: SearchMethod, search: Search) -> None:
        few = _suggested(method, msgspec.structs.replace(search, count=9))
        assert _suggested(method, search)[:9] == few

    def test_only_running_trials_stop(self, method: SearchMethod, search: Search) -> None:
        """Check that a pruner stops running trials only, and none without values."""
        if isinstance(method, Pruner):
            trials = [_trial(value, at) for at, value in enumerate(_suggested(method, search))]
            stopped = method.hopeless(search, trials)
            assert {trials[place].state for place in stopped} <= {"running"}
            silent = [msgspec.structs.replace(trial, steps={}) for trial in trials]
            assert not method.hopeless(search, silent)


def _is_in_space(value: Values) -> bool:
    for name, own in SPACE.items():
        if isinstance(own, list):
            assert value[name] in own
        else:
            assert isinstance(value[name], type(own.low)) and own.low <= value[name] <= own.high
    return True


def _trial(values: Values, place: int) -> Trial:
    state, score = STATES[place % len(STATES)], float(values["depth"])
    return Trial(values, state, score if state == "succeeded" else None, {0: score, 1: score})


def _suggested(method: SearchMethod, search: Search) -> list[Values]:
    """Return all values of a search whose trials end in several ways."""
    trials: list[Trial] = []
    while left := search.count - len(trials):
        for value in method.suggest(search, trials, min(left, 3) if method.learns else left):
            trials.append(_trial(value, len(trials)))
    return [trial.values for trial in trials]
