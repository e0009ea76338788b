"""Counts of the proxy reach the store, even when the server stops. See test_proxy_handlers.py."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

from nbyard.rest.proxy.request_counter import RequestMeter

from nbyard.errors import Unavailable
from nbyard.rest.proxy import request_counter


def desk_of(kept: list[tuple[str, int, int]], *, fails: bool = False) -> Any:
    def counted(deployment: str, counts: Any) -> None:
        if fails:
            raise Unavailable
        kept.extend((deployment, one.requests, one.errors) for one in counts)

    services = SimpleNamespace(deployments=SimpleNamespace(counted=counted))
    return SimpleNamespace(closing=[], services=services, pool=ThreadPoolExecutor(1))


def test_counts_are_stored_together_and_at_the_end(monkeypatch) -> None:
    kept: list[tuple[str, int, int]] = []
    context = desk_of(kept)
    meter = RequestMeter(context)

    async def counting() -> None:
        monkeypatch.setattr(request_counter, "EVERY_SECONDS", 0.0)
        monkeypatch.setattr(request_counter, "FIRST_SECONDS", 0.0)
        meter.count("a", 0.1, 200)
        meter.count("a", 0.1, 500)
        meter.count("b", 0.1, 200)
        assert kept == [], "nobody waits for the store"
        while len(kept) < 2:
            await asyncio.sleep(0)
        monkeypatch.setattr(request_counter, "EVERY_SECONDS", 3600.0)
        meter.count("c", 0.1, 200)

    asyncio.run(counting())
    assert sorted(kept) == [("a", 2, 1), ("b", 1, 0)]
    (close,) = context.closing
    close()
    close()
    context.pool.shutdown()
    assert kept[2:] == [("c", 1, 0)]


def test_the_first_count_after_a_pause_is_stored_soon(monkeypatch) -> None:
    delays: list[float] = []
    loop = SimpleNamespace(call_later=lambda delay, _: delays.append(delay))
    monkeypatch.setattr(request_counter, "IOLoop", SimpleNamespace(current=lambda: loop))
    context = desk_of([])
    meter = RequestMeter(context)
    for _ in range(2):
        meter.count("a", 0.1, 200)
        meter.count("a", 0.1, 200)
        meter.store_in_thread()
    context.pool.shutdown()
    first, second = delays
    assert first == request_counter.FIRST_SECONDS
    assert request_counter.FIRST_SECONDS < second <= request_counter.EVERY_SECONDS


def test_a_store_outage_does_not_disturb_requests() -> None:
    context = desk_of([], fails=True)
    meter = RequestMeter(context)

    async def counting() -> None:
        meter.count("a", 0.1, 200)

    asyncio.run(counting())
    meter.store_counts()
    context.pool.shutdown()
