"""A runner that stands by with a kernel, and an attempt that comes as that is gone."""

import asyncio
import json
import os
import socket
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.runner.prefork import warm_notebook
from nbyard.runner.process.pipes import Lines

TOLD = {"environment": {}, "directory": "/"}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was ready of the kernel of each attempt."""
    found: list[Any] = []

    async def serve(told: Any, report: Any, ready: Any, largest: int = 0) -> bool:
        found.append(ready)
        return False

    session = SimpleNamespace(client_for=lambda kernel: SimpleNamespace())
    monkeypatch.setattr(warm_notebook, "kernel_imports", SimpleNamespace(session=lambda: session))
    monkeypatch.setattr(warm_notebook, "adopt_attempt", lambda told: None)
    monkeypatch.setattr(warm_notebook, "_serve", serve)
    return found


class Kernel:
    """One that does not come up, or ends while it stands by."""

    def __init__(self, comes_up: bool, before: Callable[[], None]) -> None:
        self._comes_up = comes_up
        self._before = before

    async def connect(self, client: Any) -> dict[str, Any] | None:
        return {} if self._comes_up else self._before()

    async def wait(self) -> None:
        self._before()


@pytest.mark.parametrize("comes_up", [False, True])
@pytest.mark.parametrize("is_told", [False, True])
def test_an_attempt_gets_another_kernel_if_the_ready_one_ends(
    served: list[Any], comes_up: bool, is_told: bool
) -> None:
    """Later messages are refused, so that the sender tries another kernel."""
    hear, tell = socket.socketpair()
    with hear, tell:
        line = json.dumps(TOLD).encode() + b"\n"

        def say() -> None:
            if is_told:
                os.write(tell.fileno(), line)

        kernel: Any = Kernel(comes_up, say)
        report: Any = SimpleNamespace(send=lambda said: None)
        lines = Lines(hear.fileno())
        assert not asyncio.run(warm_notebook.stand_by("python3", kernel, report, lines, 0))
        assert served == [(None, None, None)] * is_told
        with pytest.raises(BrokenPipeError):
            os.write(tell.fileno(), b"more\n")
