"""The executed notebook while it comes about."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.kernels import kernel_imports

CELLS = [
    {"cell_type": "code", "metadata": {}, "source": f"x = '{n}\\n'", "outputs": []}
    for n in range(3)
]
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"own": "ü"}, "cells": CELLS}


def session_in(path: Path) -> Any:
    ready: Any = (SimpleNamespace(), SimpleNamespace(), {})
    opened = NOTEBOOK, list(range(len(CELLS)))
    return kernel_imports.session().Session(AttemptFolder(str(path)), {"work": {}}, opened, ready)


def test_the_session_has_a_line_for_each_cell(tmp_path: Path) -> None:
    session_in(tmp_path).save()
    text = (tmp_path / "executed.ipynb").read_text(encoding="utf-8")
    assert json.loads(text) == NOTEBOOK and "ü" in text
    assert len(text.splitlines()) == len(CELLS) + 3


def test_many_changes_are_saved_once_in_time(tmp_path: Path) -> None:
    executed = tmp_path / "executed.ipynb"

    async def run() -> int:
        session = session_in(tmp_path)
        saved = 0
        save = session.save

        def count() -> None:
            nonlocal saved
            saved += 1
            save()

        session.save = count
        for seconds in (3600.0, 0.05, 0.05, 1800.0):
            session.save_within(seconds)
        assert not executed.exists()
        async with asyncio.timeout(30):
            while not executed.exists():
                await asyncio.sleep(0.01)
        return saved

    assert asyncio.run(run()) == 1


def test_the_last_save_cancels_pending_ones(tmp_path: Path) -> None:
    async def run() -> None:
        session = session_in(tmp_path)
        session.save_within(3600.0)
        timer = session.saving
        session.save()
        assert timer.cancelled() and session.saving is None

    asyncio.run(run())


def test_only_the_last_save_must_succeed(tmp_path: Path) -> None:
    """A disk that is full meanwhile ends no work."""
    gone = tmp_path / "gone"

    async def run() -> None:
        failures: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(told))
        session = session_in(gone)
        session.save_within(0.0)
        async with asyncio.timeout(30):
            while session.saving is not None:
                await asyncio.sleep(0)
        assert not failures
        with pytest.raises(OSError, match="gone"):
            session.save()

    asyncio.run(run())
