"""Situations on a bench that several tests of the dispatcher begin with."""

from contextlib import AbstractContextManager

import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.store import Connection


def running(bench: Bench, **plan: object) -> str:
    """A run whose only attempt runs."""
    run = bench.submit({"a": []}, **plan)
    bench.until(lambda: bench.task(run).state == "running")
    return run


def states(bench: Bench, run: str, node: str = "a") -> list[str]:
    return [attempt.state for attempt in bench.task(run, node).attempts]


def cancel_before_write(bench: Bench, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancel a run between the dispatcher's look at it and its next write."""
    write = bench.context.write

    def cancelled_before() -> AbstractContextManager[Connection]:
        monkeypatch.undo()
        bench.cancel(run)
        return write()

    monkeypatch.setattr(bench.context, "write", cancelled_before)
