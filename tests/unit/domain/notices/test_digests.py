"""Digests: no window ever holds more messages than the limit, and no notice is lost or repeated."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notices.messages import next_messages
from nbyard.domain.notices.structs import DigestLimit

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LIMIT = DigestLimit(3, 60)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_few_notices_are_sent_one_by_one():
    assert next_messages(["a", "b"], [at(-10)], LIMIT, NOW) == ([["a"], ["b"]], None)
    assert next_messages([], [], LIMIT, NOW) == ([], None)


def test_more_notices_share_a_message():
    assert next_messages(["a", "b", "c"], [at(-10)], LIMIT, NOW) == ([["a", "b", "c"]], None)


def test_notices_beyond_the_limit_wait():
    sent = [at(-50), at(-20), at(-10)]
    assert next_messages(["a"], sent, LIMIT, NOW) == ([], at(10))
    assert next_messages(["a"], sent, LIMIT, at(10)) == ([["a"]], None)


def test_held_notices_share_a_message():
    assert next_messages(["a", "b"], [], LIMIT, NOW, were_held=True) == ([["a", "b"]], None)


def test_clock_changes_do_not_block_messages():
    assert next_messages(["a"], [at(3600)] * 9, LIMIT, NOW) == ([["a"]], None)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=30),
    st.integers(1, 5),
    st.integers(10, 100),
)
def test_no_window_holds_more_messages_than_the_limit(steps, most, window):
    limit = DigestLimit(most, window)
    now, number = NOW, 0
    waiting: list[str] = []
    sent: list[datetime] = []
    told: list[str] = []
    for pause, count in [*steps, (1000, 0), (1000, 0)]:
        now += timedelta(seconds=pause)
        waiting += [str(number + place) for place in range(count)]
        number += count
        groups, later = next_messages(waiting, sent, limit, now)
        assert later is None or (later > now and not groups)
        for group in groups:
            sent.append(now)
            told += group
            waiting = [one for one in waiting if one not in group]
    assert told == [str(place) for place in range(number)]
    for end in sent:
        inside = [one for one in sent if end - timedelta(seconds=window) < one <= end]
        assert len(inside) <= most
