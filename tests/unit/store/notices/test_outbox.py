"""Rows of the outbox: what is due, grouped, sent, failed and forgotten."""

from datetime import timedelta

import pytest

from nbyard.domain.notices.rules import Occurrence, StoredRule
from nbyard.domain.notices.structs import ChannelCounts, NoticeRule
from nbyard.reasons.structs import because
from nbyard.store.notices.announce import announce

from .test_channels import NOW, add

WHY = because("channel-answered", service="webhook", status=500)
HOUR = timedelta(hours=1)


def fill(store, c, channel, count: int) -> list[str]:
    """Announce events; return the IDs of their notices."""
    rules = [StoredRule(channel.id, "ann", NoticeRule(["failed"]))]
    found = [Occurrence("failed", f"{channel.id}:{n}", "ann", "x") for n in range(count)]
    announce(c, found, rules)
    return [one.notice.id for one in store.notices.waiting(c, channel.id)]


def test_an_event_is_written_once(store):
    with store.write() as c:
        made = add(store, c)
        assert fill(store, c, made, 2) == fill(store, c, made, 2)
        assert len(fill(store, c, made, 3)) == 3


def test_channels_are_due_unless_they_wait_for_an_attempt(store):
    with store.write() as c:
        assert store.notices.due(c, NOW) == [] and store.notices.next_retry(c, NOW) is None
        first, second = add(store, c, "a"), add(store, c, "b")
        add(store, c, "idle")
        fill(store, c, first, 2)
        fill(store, c, second, 1)
        store.channels.note_failed(c, second, NOW, WHY, NOW + HOUR)
        assert store.notices.due(c, NOW) == [first.id]
        assert store.notices.next_retry(c, NOW) == NOW + HOUR
        assert sorted(store.notices.due(c, NOW + HOUR)) == sorted([first.id, second.id])
        # The clock was set back by a month.
        assert len(store.notices.due(c, NOW - 720 * HOUR)) == 2


def test_a_message_keeps_its_notices(store):
    with store.write() as c:
        made = add(store, c)
        ids = fill(store, c, made, 3)
        store.notices.assign(c, ids[:2], "m1")
        store.notices.assign(c, ids, "m2")
        found = {one.notice.id: one.notice.message_id for one in store.notices.waiting(c, made.id)}
        assert [found[one] for one in ids] == ["m1", "m1", "m2"]
        store.notices.note_failed(c, made.id, "m1", WHY, is_final=False)
        store.notices.note_sent(c, made.id, "m1", NOW)
        store.notices.note_failed(c, made.id, "m2", WHY, is_final=True)
        page = store.notices.page(c, made.id, 10, "", "")
        assert [(one.outcome, one.attempts) for one in page] == [
            ("failed", 1),
            ("sent", 2),
            ("sent", 2),
        ]
        assert store.notices.page(c, made.id, 10, "", "failed")[0].reason == WHY
        assert store.notices.counts(c, [made.id]) == {made.id: ChannelCounts(0, 1)}
        assert store.notices.sent_times(c, made.id, NOW - HOUR) == [NOW]
        assert store.notices.sent_times(c, made.id, NOW) == []


def test_the_oldest_notices_are_deleted_except_waiting_ones(store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nbyard.store.notices.announce.KEPT", 3)
    with store.write() as c:
        made = add(store, c)
        ids = fill(store, c, made, 6)
        for one in ids[1:]:
            store.notices.assign(c, [one], one)
            store.notices.note_sent(c, made.id, one, NOW)
        left = [one.id for one in store.notices.page(c, made.id, 10, "", "")]
        assert left[::-1] == [ids[0], *ids[3:]]
