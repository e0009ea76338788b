"""Events."""

from datetime import UTC, datetime

import msgspec

from nbyard.domain.events import Event, Events


def test_events_survive_json_with_their_order_and_time():
    at = datetime(2024, 2, 29, 12, 0, 0, 5, tzinfo=UTC)
    items = [Event(i, at, "run", f"r{i}", "r", {"state": "queued"}) for i in (3, 4)]
    told = Events(items, 4)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Events) == told
    assert not told.refetch
