"""Single facts: kept once, counted upwards."""

import pytest

from nbyard.store import Store


def test_the_first_value_is_kept(store: Store) -> None:
    with store.write() as c:
        assert store.facts.get_or_store(c, "colour", "green") == "green"
        assert store.facts.get_or_store(c, "colour", "red") == "green"
        assert store.facts.get_or_store(c, "store_id", "another") == store.id


def test_a_counter_only_increases(store: Store) -> None:
    with store.write() as c:
        assert [store.facts.next_count(c, "n", 0) for _ in range(3)] == [1, 2, 3]
        assert store.facts.next_count(c, "n", 10) == 11
        assert store.facts.next_count(c, "n", 0) == 12
        assert store.facts.next_count(c, "m", 0) == 1
    with pytest.raises(ZeroDivisionError), store.write() as c:
        store.facts.next_count(c, "n", 0)
        _ = 1 / 0
    with store.write() as c:
        assert store.facts.next_count(c, "n", 0) == 13


def test_the_time_of_the_next_collection_is_stored(store: Store) -> None:
    with store.write() as c:
        assert store.facts.collect_at(c) == 0
        store.facts.set_collect_at(c, 12.5)
        assert store.facts.collect_at(c) == 12.5
        store.facts.set_collect_at(c)
        assert store.facts.collect_at(c) == 0
