"""Sortable identifiers."""

import time
import uuid
from datetime import UTC, datetime, timedelta

from nbyard.domain.ids import first_id_at, new_id


def test_an_id_is_a_uuid_of_version_7_with_the_time():
    before = time.time_ns() // 1_000_000
    found = uuid.UUID(new_id())
    after = time.time_ns() // 1_000_000
    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert before <= found.int >> 80 <= after


def test_ids_sort_by_time_and_never_repeat(monkeypatch):
    made = []
    for nanoseconds in range(10**18, 10**18 + 2_000_000, 1000):
        monkeypatch.setattr(time, "time_ns", lambda now=nanoseconds: now)
        made.append(new_id())
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert len({new_id() for _ in range(1000)}) == 1000, "also within one tick"


def test_a_time_bounds_the_ids_that_were_created_from_then_on():
    before, now = datetime.now(UTC), new_id()
    assert first_id_at(before) <= now < first_id_at(before + timedelta(hours=1))
    assert first_id_at(datetime(1900, 1, 1, tzinfo=UTC)) == "00000000-0000-0000-0000-000000000000"
