"""Which missed due times are caught up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.times.missed import (
    GRACE,
    catch_ups,
    check_missed,
    missed_before_first_run,
)
from nbyard.domain.automations.times.structs import Missed
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=minute) for minute in minutes]


@pytest.mark.parametrize(
    ("policy", "late", "wanted"),
    [
        (Missed("skip"), (180, 30, 5), ()),
        (Missed("skip"), (30, 0.5), (0.5,)),
        (Missed("last"), (180, 30, 5), (5,)),
        (Missed("last"), (180, 70), ()),
        (Missed("last"), (30, 0), (0,)),
        (Missed("last", window_seconds=86_400), (180, 70), (70,)),
        (Missed("all"), (180, 30, 5), (30, 5)),
        (Missed("all", most=1), (180, 30, 5), (5,)),
        (Missed("all"), (30, 5, 0), (30, 5, 0)),
        (Missed("all", window_seconds=0), (30, 5), ()),
    ],
)
def test_the_policy_decides(policy, late, wanted):
    assert catch_ups(ago(*late), NOW, policy) == set(ago(*wanted))


def test_missed_ones_come_first():
    assert missed_before_first_run(ago(180, 70, 5), NOW, Missed()) == ago(180, 70)
    assert missed_before_first_run(ago(5, 0), NOW, Missed("all")) == []


def test_the_newest_are_left_for_later_if_there_are_more():
    assert missed_before_first_run(ago(9, 8, 7), NOW, Missed("all", most=2), has_more=True) == ago(
        9
    )


@pytest.mark.parametrize("policy", [Missed(window_seconds=-1), Missed(most=0), Missed(most=10**6)])
def test_a_policy_is_bounded(policy):
    with pytest.raises(Invalid):
        check_missed(policy)


@given(
    late=st.lists(st.integers(0, 10_000), max_size=40, unique=True),
    policy=st.builds(
        Missed, st.sampled_from(["skip", "last", "all"]), st.integers(0, 7200), st.integers(1, 5)
    ),
)
def test_each_due_time_is_decided_once(late, policy):
    """Step by step, as the dispatcher does it, the same ones run as at once."""
    times = [NOW - timedelta(seconds=seconds) for seconds in sorted(late, reverse=True)]
    wanted, left, run, missed = catch_ups(times, NOW, policy), times, [], []
    while left:
        first = missed_before_first_run(left, NOW, policy)
        missed += first
        left = left[len(first) :]
        run += left[:1]
        left = left[1:]
    assert set(run) == wanted and sorted([*run, *missed]) == times
    caught = [due for due in run if NOW - due > GRACE]
    assert len(caught) <= {"skip": 0, "last": 1, "all": policy.most}[policy.policy]
    assert all(NOW - due <= timedelta(seconds=policy.window_seconds) for due in caught)
