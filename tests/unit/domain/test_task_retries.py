"""Retries of tasks: which failures are retried, and after what delay."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.limits import Limits, RetryKind
from nbyard.domain.task_retries import (
    LOST_RETRIES,
    MAX_BACKOFF_SECONDS,
    backoff_seconds,
    is_retried,
    lost_retries,
)


def test_lost_attempts_are_retried_and_failures_only_on_request():
    plain, asked = Limits(), Limits(retries=1)
    assert [is_retried(plain, "lost", n, n - 1) for n in (1, 2, 3)] == [True, True, False]
    assert not any(is_retried(plain, kind, 1, 0) for kind in get_args(RetryKind))
    assert all(is_retried(asked, kind, 1, 0) for kind in get_args(RetryKind))
    assert not is_retried(asked, "error", 2, 0)


def test_losses_and_failures_are_counted_separately():
    limits = Limits(retries=2)
    assert is_retried(limits, "error", 4, lost=2)
    assert not is_retried(limits, "error", 5, lost=2)
    assert is_retried(limits, "lost", 4, lost=1)
    assert not is_retried(limits, "lost", 5, lost=2)


def test_a_loss_is_no_kind_of_failure():
    """The table in docs/explanation/run.md agrees."""
    for kinds in (("error",), ("kernel-died",), None):
        assert lost_retries(Limits(retries=1, retry_on=kinds)) == LOST_RETRIES
        assert is_retried(Limits(retries=4, retry_on=kinds), "lost", 4, 3)


def test_only_the_named_kinds_are_retried():
    limits = Limits(retries=5, retry_on=("timeout",))
    assert is_retried(limits, "timeout", 5, 0)
    assert not is_retried(limits, "error", 1, 0)
    assert not is_retried(limits, "preparation", 1, 0)
    assert not is_retried(limits, "cancelled", 1, 0)


@given(st.integers(1, 60), st.floats(0, 1))
def test_backoff_grows_and_is_bounded(attempt: int, draw: float):
    assert 0 < backoff_seconds(attempt, draw) <= MAX_BACKOFF_SECONDS * 1.5
    assert backoff_seconds(attempt + 1, draw) >= backoff_seconds(attempt, draw)
