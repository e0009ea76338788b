"""The search of a bisection, against oracles of every kind."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.bisections.search import (
    Combination,
    Conclusion,
    Try,
    Verdict,
    expected_tries,
    next_step,
)

Oracle = Callable[[Combination], Verdict]
ENOUGH = 10_000


def search(
    count: int, oracle: Oracle, limit: int = ENOUGH
) -> tuple[Conclusion, dict[Combination, Verdict]]:
    """The conclusion, and the combinations that were tried in order."""
    verdicts: dict[Combination, Verdict] = {}
    while isinstance(step := next_step(count, verdicts, limit), Try):
        assert step.changes not in verdicts, "nothing is tried twice"
        verdicts[step.changes] = oracle(step.changes)
    return step, verdicts


def needs(*sets: frozenset[int]) -> Oracle:
    """Bad as soon as all changes of one of the sets are applied."""
    return lambda tried: "bad" if any(one <= tried for one in sets) else "good"


@given(st.data(), st.integers(1, 200))
def test_a_single_culprit_takes_logarithmic_time(data: st.DataObject, count: int) -> None:
    culprit = frozenset({data.draw(st.integers(0, count - 1))})
    found, verdicts = search(count, needs(culprit))
    assert found == Conclusion("found", culprit)
    assert len(verdicts) <= expected_tries(count)


@given(st.data(), st.integers(1, 12))
def test_culprits_of_a_monotone_oracle_are_minimal(data: st.DataObject, count: int) -> None:
    sets = st.frozensets(st.integers(0, count - 1), min_size=1)
    oracle = needs(*data.draw(st.lists(sets, min_size=1, max_size=4)))
    found, verdicts = search(count, oracle)
    assert found.ending == "found" and oracle(found.culprits) == "bad"
    for one in found.culprits:
        assert oracle(found.culprits - {one}) == "good", "each is needed"
    assert len(verdicts) <= 2 + len(found.culprits) * (count.bit_length() + 1)


@given(st.data(), st.integers(1, 10), st.integers(2, 40))
def test_any_oracle_ends_with_a_bad_change(data: st.DataObject, count: int, limit: int) -> None:
    """Also where results are unclear, or where one change repairs what another breaks."""
    kinds: list[Verdict] = ["good", "bad", "unclear"]
    every = st.sampled_from(kinds)
    known: dict[Combination, Verdict] = {
        frozenset(): "good", frozenset(range(count)): "bad"
    }  # fmt: skip

    def oracle(tried: Combination) -> Verdict:
        return known.setdefault(tried, data.draw(every))

    found, verdicts = search(count, oracle, limit)
    assert found.ending in ("found", "narrowed")
    assert verdicts[found.culprits] == "bad", "the conclusion was tried"
    assert len(verdicts) <= limit


@given(st.data(), st.integers(2, 40))
def test_a_search_continues_from_any_state(data: st.DataObject, count: int) -> None:
    """The next step follows from the verdicts alone, so a restarted dispatcher continues."""
    oracle = needs(data.draw(st.frozensets(st.integers(0, count - 1), min_size=1)))
    found, verdicts = search(count, oracle)
    tried = [*verdicts]
    known = {one: verdicts[one] for one in tried[: data.draw(st.integers(0, len(tried) - 1))]}
    assert next_step(count, known, ENOUGH) == Try(tried[len(known)])
    assert next_step(count, verdicts, ENOUGH) == found


@pytest.mark.parametrize(
    ("good", "bad", "ending"),
    [
        ("bad", "bad", "good-not-repeated"),
        ("unclear", "bad", "good-not-repeated"),
        ("good", "good", "bad-not-repeated"),
        ("good", "unclear", "bad-not-repeated"),
    ],
)
def test_both_runs_are_repeated_first(good: Verdict, bad: Verdict, ending: str) -> None:
    found, verdicts = search(8, lambda tried: bad if tried else good)
    assert (found.ending, found.culprits) == (ending, frozenset())
    assert len(verdicts) == (1 if ending.startswith("good") else 2)


def test_changes_that_only_work_together_are_one_culprit() -> None:
    """Where applying only some of them gives no clear result."""
    group = frozenset({2, 3, 4})

    def oracle(tried: Combination) -> Verdict:
        if 0 < len(tried & group) < len(group):
            return "unclear"
        return "bad" if group <= tried else "good"

    found, _ = search(8, oracle)
    assert found == Conclusion("narrowed", group)


def test_at_the_limit_the_known_changes_are_returned() -> None:
    found, verdicts = search(64, needs(frozenset({5})), limit=4)
    assert found == Conclusion("narrowed", frozenset(range(16)))
    assert len(verdicts) == 4


@pytest.mark.parametrize(("count", "tries"), [(1, 2), (2, 4), (8, 6), (9, 7), (100, 10)])
def test_the_expected_number_of_runs_is_estimated(count: int, tries: int) -> None:
    assert expected_tries(count) == tries
