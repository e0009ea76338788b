"""The lease is renewed, awaited or released."""

import itertools
from types import SimpleNamespace

import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch import loop
from nbyard.errors import Busy, StoreUnusable, Unavailable
from nbyard.store.leases import LeaseLost


class Left(Exception):
    """Instead of leaving the process of the tests."""


@pytest.fixture
def renewals(bench: Bench, monkeypatch) -> list[Exception | None]:
    """What comes of each renewal of the loop, which are due at once; after them it is stopped."""
    told: list[Exception | None] = []
    moments = itertools.count(step=bench.context.settings.lease_seconds)

    def renew(*_: object) -> None:
        error = told.pop(0)
        if not told:
            bench.context.stopping.set()
        if error is not None:
            raise error

    def leave(code: int) -> None:
        raise Left(code)

    monkeypatch.setattr(bench.store.leases, "renew", renew)
    monkeypatch.setattr(loop, "os", SimpleNamespace(_exit=leave))
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    monkeypatch.setattr(bench.context.stopping, "wait", lambda _: not told)
    return told


def test_a_database_outage_is_awaited(bench, renewals, caplog):
    """After its loop, the dispatcher starts nothing until the lease is renewed."""
    renewals += [Unavailable(), Busy()]
    bench.dispatcher.keeper.renew()
    assert "stands still" in caplog.text
    assert not bench.dispatcher.keeper.holds.is_set()
    renewals += [None]
    bench.dispatcher.keeper.renew()
    assert bench.dispatcher.keeper.holds.is_set()


@pytest.mark.parametrize("error", [StoreUnusable(), FileNotFoundError("write.lock"), LeaseLost()])
def test_a_lost_store_ends_the_dispatcher(bench, renewals, error):
    renewals += [error]
    with pytest.raises(Left):
        bench.dispatcher.keeper.renew()
