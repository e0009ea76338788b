"""Queued tasks in queue order and by their limits."""

import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbyard.dispatch.state.live_runs import TaskQueue

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def task(name: str, priority: int, seconds: int) -> Any:
    place = -priority, (NOW + timedelta(seconds=seconds)).timestamp(), 0.0, name
    deadline = (math.inf, 1e18, -1.0, -2.0)[seconds]
    return SimpleNamespace(
        record=SimpleNamespace(id=name, owner="ann"), queue_place=place, queue_deadline=deadline
    )


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 3)), max_size=20), st.data())
def test_the_queue_is_always_in_order(wanted, data):
    """The order is priority, then arrival, then the limits."""
    queue = TaskQueue()
    there: dict[str, Any] = {}
    for number, (priority, seconds) in enumerate(wanted):
        one = task(f"t{number}", priority, seconds)
        queue.add(one)
        there[one.record.id] = one
        if data.draw(st.booleans()):
            gone = data.draw(st.sampled_from(sorted(there)))
            assert queue.remove(gone)
            assert not queue.remove(gone)
            assert queue.get(gone) is None and gone not in queue
            del there[gone]
    assert list(queue.ids_in_order()) == sorted(there, key=lambda name: there[name].queue_place)
    late = sorted(
        (one.queue_deadline, name) for name, one in there.items() if one.queue_deadline < 0
    )
    assert queue.overdue_ids() == [name for _, name in late]
    assert queue.ids == there.keys()
    assert all(queue[name] is there[name] for name in there)
