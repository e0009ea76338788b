"""I3, I13: one holder at a time; an old one is fenced."""

import pytest

from nbyard.store import Store
from nbyard.store.leases import LeaseLost


def test_only_one_holds_it(store: Store) -> None:
    with store.write() as c:
        mine = store.leases.take(c, "dispatcher", "a:1", 30)
        assert mine is not None and mine.epoch == 1
        assert store.leases.take(c, "dispatcher", "b:2", 30) is None


def test_after_the_time_it_goes_to_another_and_the_old_holder_is_fenced(store: Store) -> None:
    with store.write() as c:
        old = store.leases.take(c, "dispatcher", "a:1", -1)
        assert old is not None
        new = store.leases.take(c, "dispatcher", "b:2", 30)
        assert new is not None and new.epoch == 2
    with pytest.raises(LeaseLost), store.write() as c:
        store.leases.check(c, old)
    with pytest.raises(LeaseLost), store.write() as c:
        store.leases.renew(c, old, 30)
    with store.write() as c:
        store.leases.check(c, new)


def test_a_released_one_is_free_at_once(store: Store) -> None:
    with store.write() as c:
        lease = store.leases.take(c, "dispatcher", "a:1", 30)
        assert lease is not None
        store.leases.renew(c, lease, 60)
        store.leases.release(c, lease)
        assert store.leases.take(c, "dispatcher", "b:2", 30) is not None
    with pytest.raises(LeaseLost), store.write() as c:
        store.leases.renew(c, lease, 60)
