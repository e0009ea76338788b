"""Search methods: values in range, the same from the same seed, and what Optuna learns."""

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.maps.searches import (
    HaltonSample,
    OptunaSearch,
    RandomSample,
    SearchMethod,
    Trial,
    value_at,
)
from nbyard.domain.maps.structs import Range, Search
from nbyard.testing.conformance.searches import SearchConformance

SHARES = st.floats(0, 1, exclude_max=True)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers(-(10**9), 10**9)


class TestRandom(SearchConformance):
    @pytest.fixture
    def method(self) -> SearchMethod:
        return RandomSample()


class TestHalton(SearchConformance):
    @pytest.fixture
    def method(self) -> SearchMethod:
        return HaltonSample()


class TestOptuna(SearchConformance):
    @pytest.fixture
    def method(self) -> SearchMethod:
        return OptunaSearch()


@given(st.one_of(st.tuples(FLOATS, FLOATS), st.tuples(WHOLE, WHOLE)), SHARES, st.booleans())
def test_values_are_in_their_range(bounds: tuple[Any, Any], share: float, log: bool) -> None:
    low, high = sorted(bounds)
    log = log and low > 0
    value = value_at(Range(low, high, log), share)
    assert low <= value <= high and type(value) is type(low)


@given(st.lists(st.integers(), min_size=1), SHARES)
def test_choices_are_those_of_the_list(choices: list[int], share: float) -> None:
    assert value_at(choices, share) in choices


def test_all_values_of_a_range_are_drawn_alike() -> None:
    for own in (Range(1, 4), [1, 2, 3, 4]):
        drawn = Counter(value_at(own, step / 400) for step in range(400))
        assert drawn == dict.fromkeys((1, 2, 3, 4), 100)


def test_orders_of_magnitude_are_drawn_alike() -> None:
    drawn = [value_at(Range(0.001, 1.0, log=True), step / 300) for step in range(300)]
    assert Counter(math.floor(math.log10(value)) for value in drawn[1:]) == {
        -3: 99,
        -2: 100,
        -1: 100,
    }
    assert value_at(Range(1, 1000, log=True), 0.9999999) == 1000


@pytest.mark.parametrize("seed", range(5))
def test_halton_leaves_no_gap(seed: int) -> None:
    """Each of 36 boxes gets a point, as Halton's sequence has the bases 2 and 3."""
    search = Search({"a": Range(0.0, 1.0), "b": Range(0.0, 1.0)}, seed=seed)
    points = HaltonSample().suggest(search, (), 144)
    assert len({(int(p["a"] * 6), int(p["b"] * 6)) for p in points}) == 36


def test_optuna_comes_near_the_best_values() -> None:
    search = Search({"x": Range(-10.0, 10.0), "kind": ["bad", "good"]}, goal="score")
    trials: list[Trial] = []
    for _ in range(20):
        for values in OptunaSearch().suggest(search, trials, 3):
            score = -abs(values["x"] - 3) - 5 * (values["kind"] == "bad")
            trials.append(Trial(values, "succeeded", score))
    late = [trial.goal for trial in trials[-20:] if trial.goal is not None]
    early = [trial.goal for trial in trials[:20] if trial.goal is not None]
    assert sum(late) / 20 > sum(early) / 20 + 2


def test_optuna_stops_trials_below_the_median() -> None:
    search = Search({"x": Range(0.0, 1.0)}, goal="score", prune=True)
    done = [Trial({"x": 0.5}, "succeeded", 1.0, {0: 0.5, 1: 1.0}) for _ in range(6)]
    bad, good = (Trial({"x": 0.1}, "running", None, {0: first}) for first in (0.1, 0.9))
    assert list(OptunaSearch().hopeless(search, [*done, bad, good])) == [6]
