"""The model's thread: whatever it raises, nobody waits for ever."""

import asyncio
import threading
from typing import Any, cast

import pytest

from nbyard.serving.http import micro_batches
from nbyard.serving.http.call_watchdog import BlockedByLateCall, Calls, CallTimedOut
from nbyard.serving.http.micro_batches import Worker
from nbyard.serving.models import ModelFailed


class Panic(BaseException):
    """As an extension in Rust raises it."""


def panic(*_: object) -> list[list[int]]:
    raise Panic("index out of bounds")


async def until_failed(worker: Worker, has_failed: asyncio.Event) -> None:
    await asyncio.wait_for(has_failed.wait(), 20)
    await asyncio.wait_for(worker.ended.wait(), 20)
    assert not worker.is_ready
    assert worker.rows_waiting == 0


def test_waiting_requests_fail_with_the_thread(caplog):
    async def scene() -> None:
        has_failed = asyncio.Event()
        worker = Worker(lambda: panic, 10, has_failed.set)
        asked = [worker.ask([[number]]) for number in range(3)]
        for one in asked:
            with pytest.raises(ModelFailed, match="Panic: index out"):
                await asyncio.wait_for(one, 20)
        await until_failed(worker, has_failed)

    asyncio.run(scene())
    assert "model cannot continue" in caplog.text


def test_a_model_that_fails_to_load_is_reported(caplog):
    async def scene() -> None:
        has_failed = asyncio.Event()
        loading = cast(Any, panic)
        await until_failed(Worker(loading, 10, has_failed.set), has_failed)

    asyncio.run(scene())
    assert "Panic: index out of" in caplog.text


async def until_gone(worker: Worker) -> None:
    """Its thread tells the loop how it ended, which is there until then."""
    await asyncio.wait_for(worker.ended.wait(), 60)
    await asyncio.to_thread(worker.thread.join, 60)


class Slow:
    """It answers when it is let go."""

    def __init__(self) -> None:
        self.is_in, self.may_go = threading.Event(), threading.Event()

    def __call__(self, columns: list[list[int]]) -> list[list[int]]:
        self.is_in.set()
        assert self.may_go.wait(60)
        return columns


def test_a_late_call_blocks_no_request_and_may_return(caplog, monkeypatch):
    """Its own requests, waiting ones and later ones get a response."""
    monkeypatch.setattr(Calls, "seconds", 0.0)

    async def scene() -> None:
        slow = Slow()
        worker = Worker(lambda: slow, 10, lambda: None, call_seconds=0.05)
        asked = worker.ask([[1]])
        await asyncio.to_thread(slow.is_in.wait, 60)
        behind = worker.ask([[2]])
        monkeypatch.setattr(Calls, "seconds", 0.05)
        with pytest.raises(CallTimedOut, match=r"1 row since .*0.05 s"):
            await asyncio.wait_for(asked, 60)
        with pytest.raises(BlockedByLateCall, match=r"the 0\.05 s"):
            await asyncio.wait_for(behind, 60)
        with pytest.raises(BlockedByLateCall, match="the server ends"):
            worker.ask([[3]])
        assert (worker.is_late, worker.rows_waiting, worker.requests_waiting) == (True, 0, 0)
        monkeypatch.setattr(Calls, "seconds", 0.0)
        slow.may_go.set()
        while worker.is_late:
            await asyncio.sleep(0)
        assert await asyncio.wait_for(worker.ask([[4]]), 60) == [[4]]
        worker.close()
        await until_gone(worker)

    asyncio.run(scene())
    assert "1 requests waited" in caplog.text and "after a long call" in caplog.text


def test_a_call_that_never_returns_ends_the_server(caplog):
    """Its deployment restarts it."""

    async def scene() -> None:
        slow, has_failed = Slow(), asyncio.Event()
        worker = Worker(lambda: slow, 10, has_failed.set, call_seconds=0.05)
        asked = worker.ask([[1]])
        with pytest.raises(CallTimedOut):
            await asyncio.wait_for(asked, 60)
        await asyncio.wait_for(has_failed.wait(), 60)
        assert worker.calls.seconds >= 0.15
        slow.may_go.set()
        worker.close()
        await until_gone(worker)

    asyncio.run(scene())
    assert "within 0.15 s" in caplog.text


def test_a_late_call_is_detected_at_once(monkeypatch):
    seen = iter([0.0, 0.049, 0.049])
    monkeypatch.setattr(Calls, "seconds", property(lambda _: next(seen, 0.051)))
    monkeypatch.setattr(micro_batches, "LONG_SECONDS", 60.0)

    async def scene() -> None:
        slow = Slow()
        worker = Worker(lambda: slow, 10, lambda: None, call_seconds=0.05)
        while not worker.is_ready:
            await asyncio.sleep(0)
        with pytest.raises(CallTimedOut):
            await asyncio.wait_for(worker.ask([[1]]), 20)
        slow.may_go.set()
        worker.close()
        await until_gone(worker)

    asyncio.run(scene())


def test_stopping_does_not_wait_for_a_late_call():
    async def scene() -> None:
        slow = Slow()
        worker = Worker(lambda: slow, 10, lambda: None, call_seconds=0.05)
        for is_closed_before in (True, False):
            if is_closed_before:
                asked = worker.ask([[1]])
                await asyncio.to_thread(slow.is_in.wait, 60)
                worker.close()
                with pytest.raises(CallTimedOut):
                    await asyncio.wait_for(asked, 60)
            else:
                worker.ended.clear()
                worker.close()
            await asyncio.wait_for(worker.ended.wait(), 60)
        slow.may_go.set()
        await until_gone(worker)

    asyncio.run(scene())


def test_a_long_call_is_logged(monkeypatch, caplog):
    monkeypatch.setattr(micro_batches, "LONG_SECONDS", 0.02)

    async def scene() -> None:
        slow = Slow()
        worker = Worker(lambda: slow, 10, lambda: None)
        asked = worker.ask([[1]])
        while "more requests wait" not in caplog.text:
            await asyncio.sleep(0)
        assert not worker.is_late
        slow.may_go.set()
        assert await asyncio.wait_for(asked, 60) == [[1]]
        worker.close()
        await until_gone(worker)

    asyncio.run(scene())
    assert caplog.text.count("more requests wait") == 1
