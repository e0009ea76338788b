"""The model's thread (M3): whatever it raises, nobody waits for ever."""

import asyncio
from typing import Any, cast

import pytest

from nbyard.serving.http.batching import Worker
from nbyard.serving.predicting import ModelFailed


class Panic(BaseException):
    """As an extension in Rust raises it."""


def panic(*_: object) -> list[list[int]]:
    raise Panic("index out of bounds")


async def until_failed(worker: Worker, has_failed: asyncio.Event) -> None:
    await asyncio.wait_for(has_failed.wait(), 20)
    await asyncio.wait_for(worker.ended.wait(), 20)
    assert not worker.is_ready
    assert worker.rows_waiting == 0


def test_all_that_waits_fails_when_the_thread_breaks(caplog):
    async def scene() -> None:
        has_failed = asyncio.Event()
        worker = Worker(lambda: panic, 10, has_failed.set)
        asked = [worker.ask([[number]]) for number in range(3)]
        for one in asked:
            with pytest.raises(ModelFailed, match="Panic: index out of bounds"):
                await asyncio.wait_for(one, 20)
        await until_failed(worker, has_failed)

    asyncio.run(scene())
    assert "the model cannot go on" in caplog.text


def test_a_model_that_breaks_while_it_is_loaded_is_told(caplog):
    async def scene() -> None:
        has_failed = asyncio.Event()
        loading = cast(Any, panic)
        await until_failed(Worker(loading, 10, has_failed.set), has_failed)

    asyncio.run(scene())
    assert "Panic: index out of bounds" in caplog.text
