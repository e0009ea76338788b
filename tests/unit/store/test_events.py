"""Events are read in commit order, after an id."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from nbyard.store import Store
from nbyard.store.events import Subject


def told(store: Store, number: int, owner: str = "ada") -> None:
    with store.write() as c:
        store.events.append(c, "run", Subject(f"s{number}", owner, "r"), {"n": number})


def test_a_reader_gets_missed_events_once(store: Store) -> None:
    for number in range(5):
        told(store, number)
    with store.read() as c:
        first = store.events.events_after(c, "ada", 0, 2)
        rest = store.events.events_after(c, "ada", first[-1].id, 100)
    assert [e.data["n"] for e in first + rest] == [0, 1, 2, 3, 4]


def test_other_owners_do_not_see_events(store: Store) -> None:
    told(store, 1)
    told(store, 2, "bob")
    with store.read() as c:
        assert [e.data["n"] for e in store.events.events_after(c, "bob", 0, 10)] == [2]


def test_a_cursor_skips_nothing_while_many_write(store: Store) -> None:
    total, cursor = 60, 0
    seen: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        pool.map(partial(told, store), range(total))
        while len(seen) < total:
            with store.read() as c:
                found = store.events.events_after(c, "ada", cursor, 500)
            if found:
                cursor = found[-1].id
                seen += [e.data["n"] for e in found]
    assert sorted(seen) == [*range(total)]


def test_trimmed_events_leave_a_low_water_mark(store: Store) -> None:
    for number in range(10):
        told(store, number)
    with store.write() as c:
        store.events.delete_oldest(c, 3)
    with store.read() as c:
        assert store.events.newest_id(c) - store.events.oldest_id(c) == 2


def test_unread_events_of_triggers_are_kept(store: Store) -> None:
    for number in range(10):
        told(store, number)
    with store.write() as c:
        newest = store.events.newest_id(c)
        store.events.delete_oldest(c, 3, until=newest - 6)
        assert store.events.oldest_id(c) == newest - 5
        seen = store.events.of_runs_and_versions(c, newest - 4, newest - 1)
    assert [event.id for event in seen] == [newest - 3, newest - 2, newest - 1]


def test_news_covers_all_owners(store: Store) -> None:
    told(store, 1)
    told(store, 2, "bob")
    with store.read() as c:
        found = store.events.all_subjects_after(c, 0)
        assert store.events.all_subjects_after(c, found[-1].id) == []
    assert [(n.topic, n.subject_id, n.run_id) for n in found] == [
        ("run", "s1", "r"), ("run", "s2", "r"),
    ]  # fmt: skip


def test_events_of_a_topic_are_found(store: Store) -> None:
    told(store, 1)
    with store.write() as c:
        store.events.append(c, "automation", Subject("t", "bob"), {})
        newest = store.events.newest_id(c)
        assert store.events.has_topic_after(c, "automation", newest - 1)
        assert not store.events.has_topic_after(c, "automation", newest)
        assert not store.events.has_topic_after(c, "dataset", 0)
