"""Senders of refused messages wait; others do not."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nbyard.services.automations.deliveries import MOST_REFUSED, WINDOW, Refusals

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def refused(times, *, of="hook", sender="a"):
    made = Refusals()
    for seconds in times:
        made.note(of, sender, NOW + timedelta(seconds=seconds))
    return made


@given(st.lists(st.integers(0, 120), max_size=80), st.integers(0, 240))
def test_a_sender_waits_only_after_many_refusals_in_a_minute(times, later):
    now = NOW + timedelta(seconds=max([*times, later]))
    made = refused(sorted(times))
    wait = made.wait("hook", "a", now)
    recent = [one for one in times if NOW + timedelta(seconds=one) > now - WINDOW]
    assert (wait > 0) is (len(recent) >= MOST_REFUSED)
    assert made.wait("hook", "a", now + timedelta(seconds=wait)) == 0
    assert wait <= WINDOW.total_seconds()


def test_other_senders_and_webhooks_do_not_wait():
    made = refused([0] * MOST_REFUSED)
    assert made.wait("hook", "a", NOW) == 60
    assert made.wait("hook", "b", NOW) == made.wait("other", "a", NOW) == 0
    assert made.wait("hook", "a", NOW - timedelta(days=1)) == 0


def test_the_memory_is_bounded():
    made = Refusals(most_senders=2)
    for sender in ("a", "b", "c"):
        for _ in range(MOST_REFUSED):
            made.note("hook", sender, NOW)
    assert [made.wait("hook", sender, NOW) > 0 for sender in "abc"] == [False, True, True]
