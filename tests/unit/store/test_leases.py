"""One holder at a time. An earlier holder cannot write, and no clock decides."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nbyard.store import Store, leases
from nbyard.store.leases import LeaseLost


def test_a_lease_has_one_holder(store: Store) -> None:
    with store.write() as c:
        mine = store.leases.take(c, "dispatcher", "a:1", 30)
        assert mine is not None and mine.epoch == 1
        assert store.leases.take(c, "dispatcher", "b:2", 30) is None


def test_an_expired_lease_passes_on_and_fences_the_former_holder(store: Store) -> None:
    with store.write() as c:
        old = store.leases.take(c, "dispatcher", "a:1", 30)
        assert old is not None
        new = store.leases.take(c, "dispatcher", "b:2", 30, former=old)
        assert new is not None and new.epoch == 2
    with pytest.raises(LeaseLost), store.write() as c:
        store.leases.check(c, old)
    with pytest.raises(LeaseLost), store.write() as c:
        store.leases.renew(c, old, 30)
    with store.write() as c:
        store.leases.check(c, new)


def test_a_renewed_lease_is_not_taken(store: Store) -> None:
    with store.write() as c:
        seen = store.leases.take(c, "dispatcher", "a:1", 30)
        assert seen is not None
        store.leases.renew(c, seen, 30)
        assert store.leases.take(c, "dispatcher", "b:2", 30, former=seen) is None
        store.leases.check(c, seen)


@pytest.mark.parametrize("days", [-1, 1])
def test_clock_changes_free_no_lease(
    store: Store, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Only the silence of its holder ends a lease."""
    with store.write() as c:
        lease = store.leases.take(c, "dispatcher", "a:1", 30)
        assert lease is not None and lease.seems_held
    elsewhere = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setattr(leases, "datetime", SimpleNamespace(now=lambda _: elsewhere))
    assert not lease.seems_held, "it is to be looked at twice"
    with store.write() as c:
        assert store.leases.take(c, "dispatcher", "b:2", 30) is None


def test_a_released_lease_is_free_at_once(store: Store) -> None:
    with store.write() as c:
        lease = store.leases.take(c, "dispatcher", "a:1", 30)
        assert lease is not None
        store.leases.renew(c, lease, 60)
        store.leases.release(c, lease)
        assert store.leases.take(c, "dispatcher", "b:2", 30) is not None
    with pytest.raises(LeaseLost), store.write() as c:
        store.leases.renew(c, lease, 60)
