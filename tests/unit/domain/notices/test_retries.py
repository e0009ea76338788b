"""Pauses between attempts: they grow within bounds, and end."""

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notices.structs import (
    FIRST_SECONDS,
    JITTER,
    LONGEST_ASKED,
    MOST_ATTEMPTS,
    Delivery,
    pause_seconds,
)
from nbyard.reasons.structs import because

FAILED = Delivery(because("channel-answered", service="s", status=503))


@given(st.integers(1, MOST_ATTEMPTS - 1), st.floats(0, 1))
def test_pauses_grow_within_bounds(attempts, luck):
    pause = pause_seconds(attempts, FAILED, luck)
    assert pause is not None
    assert FIRST_SECONDS <= pause <= 640 * (1 + JITTER)
    earlier = pause_seconds(attempts - 1, FAILED, luck) if attempts > 1 else 0
    assert earlier is not None and earlier <= pause


def test_attempts_end():
    assert pause_seconds(MOST_ATTEMPTS, FAILED, 0) is None
    final = Delivery(FAILED.reason, is_final=True)
    assert pause_seconds(1, final, 0) is None


@given(st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_a_pause_that_the_channel_asks_for_is_obeyed_up_to_a_day(asked):
    pause = pause_seconds(1, Delivery(FAILED.reason, retry_seconds=asked), 0)
    assert pause == max(FIRST_SECONDS, min(asked, LONGEST_ASKED))
