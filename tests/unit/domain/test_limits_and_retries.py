"""Limits: what is inherited, what makes sense, and what is tried again."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.limits_and_retries import (
    LOST_RETRIES,
    MAX_BACKOFF_SECONDS,
    Limits,
    RetryKind,
    backoff_seconds,
    wrong,
)


def test_what_is_not_said_is_inherited():
    own, default = Limits(cpu=1, retries=0), Limits(cpu=4, gpu=1, retries=3)
    assert Limits(**own.over(default)) == Limits(cpu=1, gpu=1, retries=0)


@pytest.mark.parametrize(
    ("limits", "fields"),
    [
        (Limits(), []),
        (Limits(cpu=0), ["cpu"]),
        (Limits(cpu=float("nan")), ["cpu"]),
        (Limits(memory_bytes=-1, timeout_seconds=0), ["memory_bytes", "timeout_seconds"]),
        (Limits(silence_timeout_seconds=float("inf")), ["silence_timeout_seconds"]),
        (Limits(queue_timeout_seconds=0), ["queue_timeout_seconds"]),
        (Limits(gpu=-1, retries=21), ["gpu", "retries"]),
        (Limits(gpu=0, retries=0), []),
        (Limits(cache="2 h"), []),
        (Limits(cache="sometimes"), ["cache"]),
    ],
)
def test_what_makes_no_sense_is_named(limits: Limits, fields: list[str]):
    """K11."""
    assert [field for field, _ in wrong(limits)] == fields


def test_lost_attempts_are_retried_unasked_and_failures_only_when_asked():
    """I10, R9."""
    plain, asked = Limits(), Limits(retries=1)
    assert [plain.tries_again("lost", n, n - 1) for n in (1, 2, 3)] == [True, True, False]
    assert not any(plain.tries_again(kind, 1, 0) for kind in get_args(RetryKind))
    assert all(asked.tries_again(kind, 1, 0) for kind in get_args(RetryKind))
    assert not asked.tries_again("error", 2, 0)


def test_what_was_lost_takes_no_retry_away_and_no_failure_what_follows_a_loss():
    """I10: each is counted apart."""
    limits = Limits(retries=2)
    assert limits.tries_again("error", 4, lost=2)
    assert not limits.tries_again("error", 5, lost=2)
    assert limits.tries_again("lost", 4, lost=1)
    assert not limits.tries_again("lost", 5, lost=2)


def test_what_is_lost_is_none_of_the_kinds():
    """R9: as docs/explanation/run.md says of `retry_on`."""
    for kinds in (("error",), ("kernel-died",), None):
        assert Limits(retries=1, retry_on=kinds).lost_retries == LOST_RETRIES
        assert Limits(retries=4, retry_on=kinds).tries_again("lost", 4, 3)


def test_only_the_kinds_that_were_named():
    limits = Limits(retries=5, retry_on=("timeout",))
    assert limits.tries_again("timeout", 5, 0)
    assert not limits.tries_again("error", 1, 0)
    assert not limits.tries_again("preparation", 1, 0)
    assert not limits.tries_again("cancelled", 1, 0)


@given(st.integers(1, 60), st.floats(0, 1))
def test_backoff_grows_and_is_bounded(attempt: int, draw: float):
    assert 0 < backoff_seconds(attempt, draw) <= MAX_BACKOFF_SECONDS * 1.5
    assert backoff_seconds(attempt + 1, draw) >= backoff_seconds(attempt, draw)
