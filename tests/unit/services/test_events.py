"""Events as a service."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.errors import Invalid


def test_events_come_in_order_after_a_cursor(yard, ann, root):
    (root / "a.csv").write_text("a\n")
    start = yard.services.events.list(ann)
    assert start.items == []
    yard.services.datasets.create(ann, NewDataset(FileSource("a.csv")))
    found = yard.services.events.list(ann, after=start.last)
    assert [event.topic for event in found.items] == ["dataset", "dataset-version"]
    assert found.last == yard.services.events.newest_id() == found.items[-1].id
    assert not found.refetch
    assert yard.services.events.list(ann, after=found.last).items == []
    assert len(yard.services.events.list(ann, limit=1).items) == 1


def test_a_late_reader_must_refetch(yard, ann, root):
    (root / "a.csv").write_text("a\n")
    for name in "abc":
        yard.services.datasets.create(ann, NewDataset(FileSource("a.csv"), name))
    with yard.store.write() as c:
        yard.store.events.delete_oldest(c, 2)
    assert yard.services.events.list(ann, after=1).refetch
    found = yard.services.events.list(ann)
    assert found.refetch and len(found.items) == 2  # from the beginning there is no more
    assert not yard.services.events.list(ann, after=yard.services.events.newest_id() - 2).refetch


def test_a_reader_ahead_of_the_store_must_refetch(yard, ann, root):
    """The store was replaced or restored from a copy."""
    (root / "a.csv").write_text("a\n")
    yard.services.datasets.create(ann, NewDataset(FileSource("a.csv"), "a"))
    newest = yard.services.events.newest_id()
    found = yard.services.events.list(ann, after=newest + 100)
    assert (found.refetch, found.last, found.items) == (True, newest, [])
    assert not yard.services.events.list(ann, after=newest).refetch


def test_events_end_at_the_requested_number(yard, ann, root):
    (root / "a.csv").write_text("a\n")
    for name in "ab":
        yard.services.datasets.create(ann, NewDataset(FileSource("a.csv"), name))
    ids = [event.id for event in yard.services.events.list(ann).items]
    assert len(ids) == 4
    found = yard.services.events.events_after(ann, 0, 500, until=ids[2])
    assert ([event.id for event in found.items], found.last) == (ids[:3], ids[2])
    page = yard.services.events.events_after(ann, 0, 2, until=ids[2])
    assert ([event.id for event in page.items], page.last) == (ids[:2], ids[1])
    ahead = yard.services.events.events_after(ann, ids[3], 500, until=ids[2])
    assert (ahead.items, ahead.last, ahead.refetch) == ([], ids[3], False)


def test_the_cursor_skips_events_of_others(yard, ann, root):
    (root / "a.csv").write_text("a\n")
    yard.services.datasets.create(Caller("bob"), NewDataset(FileSource("a.csv")))
    found = yard.services.events.list(ann, after=1)
    assert (found.items, found.last) == ([], yard.services.events.newest_id())


@pytest.mark.parametrize("asked", [{"after": -1}, {"after": 2**63}, {"limit": 0}, {"limit": 501}])
def test_invalid_cursors_are_refused(yard, ann, asked):
    with pytest.raises(Invalid):
        yard.services.events.list(ann, **asked)
