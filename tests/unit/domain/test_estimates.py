"""R11: estimates from the past: medians, the longest way, and silence where nothing is known."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.estimates import SAMPLES, Ahead, Estimate, Past, Usual, estimate, usual

SECONDS = st.floats(0, 1e6)
MANY_CORES = 1e9


@st.composite
def graphs(draw):
    """Steps that are not done, in an order of the graph."""
    found: dict[str, Ahead] = {}
    for at in range(draw(st.integers(1, 8))):
        known = draw(st.none() | st.builds(Usual, SECONDS, st.integers(1, SAMPLES)))
        needs = draw(st.sets(st.sampled_from(sorted(found)), max_size=3)) if found else set()
        cores = draw(st.sampled_from([0.0, 0.5, 1.0, 64.0]))
        found[f"n{at}"] = Ahead(needs, known, draw(SECONDS), cores)
    return found


def step(*needs, seconds=None, elapsed=0.0, cores=1.0):
    known = None if seconds is None else Usual(seconds, 3)
    return Ahead(needs, known, elapsed, cores)


@given(st.lists(st.builds(Past, st.sampled_from(["v1", "v2"]), SECONDS), max_size=20))
def test_the_newest_of_the_same_version_count(past):
    same = [one.seconds for one in past if one.version_id == "v1"][:SAMPLES]
    found = usual(past, "v1")
    if not past:
        assert found is None
    elif same:
        assert found == Usual(median(same), len(same))
    else:  # what another version took is better than nothing
        assert found == usual(past, "v2")


def test_one_slow_success_does_not_count_much():
    past = [Past("v", seconds) for seconds in (10, 3600, 12, 11, 13, 9999)]
    assert usual(past, "v") == Usual(12, 5)


def test_a_chain_adds_up_and_what_runs_is_nearer():
    chain = {"a": step(seconds=60, elapsed=20), "b": step("a", seconds=30), "c": step("b")}
    found = estimate(chain, MANY_CORES)
    assert (found.remaining_seconds, found.unknown) == (70, 1)
    assert found.nodes == {"a": Usual(60, 3), "b": Usual(30, 3)}


@pytest.mark.parametrize(("cores", "seconds"), [(1, 200), (2, 100), (20, 10), (100, 10)])
def test_a_fan_takes_turns(cores, seconds):
    fan = {f"n{at}": step(seconds=10) for at in range(20)}
    assert estimate(fan, cores).remaining_seconds == seconds


def test_work_elsewhere_and_work_that_wants_everything():
    far = {f"n{at}": step(seconds=10, cores=0) for at in range(20)}
    assert estimate(far, 2).remaining_seconds == 10
    wide = {f"n{at}": step(seconds=10, cores=64) for at in range(3)}
    assert estimate(wide, 2).remaining_seconds == 30


@pytest.mark.parametrize(
    ("ahead", "unknown"), [({}, 0), ({"a": step(), "b": step("a", elapsed=9)}, 2)]
)
def test_nothing_is_said_where_nothing_is_known(ahead, unknown):
    assert estimate(ahead, 2) == Estimate(None, unknown, {})


@given(graphs())
def test_never_less_than_the_longest_step_nor_more_than_all_of_them(ahead):
    found = estimate(ahead, MANY_CORES).remaining_seconds
    left = [one.left for one in ahead.values()]
    if found is None:
        assert sum(left) == 0
    else:
        assert max(left) <= found <= sum(left) + 1e-6


@given(graphs(), st.floats(0.5, 64))
def test_a_step_that_is_done_never_makes_it_longer(ahead, cores):
    before = estimate(ahead, cores).remaining_seconds
    rest = dict(ahead)
    del rest[next(iter(rest))]
    after = estimate(rest, cores).remaining_seconds
    assert before is None or after is None or after <= before + 1e-6


@given(graphs(), st.floats(0.5, 32))
def test_more_cores_never_make_it_longer(ahead, cores):
    few, more = (estimate(ahead, one).remaining_seconds for one in (cores, 64))
    assert few is None or more is None or more <= few + 1e-6
