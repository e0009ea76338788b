"""A process that cannot be prepared for forks starts kernels in the plain way."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from nbyard.runner.prefork import preload

MARK = "m" * 32
TASK: dict[str, Any] = {"mark": MARK, "work": {"language": "python"}}
BROKEN = [
    ImportError("no ipykernel"),
    RuntimeError("an import started a thread"),
    AttributeError("'IPKernelApp' object has no attribute 'init_blackhole'"),
    TypeError("unexpected keyword argument"),
    KeyError("parent_header"),
]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NBYARD_MARK", MARK)
    preload.try_preload.cache_clear()
    yield
    preload.try_preload.cache_clear()


@pytest.mark.parametrize("error", BROKEN, ids=lambda error: type(error).__name__)
def test_an_unknown_version_is_not_forked(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Neither for this attempt nor for a later one, and it is tried once."""
    tries = []

    def broken() -> None:
        tries.append(error)
        raise error

    monkeypatch.setattr(preload, "preload", broken)
    assert [preload.prepare_for(TASK), preload.prepare_for(TASK)] == [False, False]
    assert tries == [error]


def test_a_failed_preload_keeps_the_garbage_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise AttributeError("init_blackhole")

    monkeypatch.setattr(preload, "_import_for_kernels", broken)
    assert not preload.prepare_for(TASK, once=True)
    assert gc.isenabled()


@pytest.mark.parametrize(
    "task",
    [{**TASK, "work": {"language": "R"}}, {**TASK, "work": {}}, {**TASK, "mark": "short"}],
    ids=["another language", "no notebook", "no place for its mark"],
)
def test_without_a_fork_nothing_is_imported(
    monkeypatch: pytest.MonkeyPatch, task: dict[str, Any]
) -> None:
    monkeypatch.setattr(preload, "preload", lambda: pytest.fail("it was imported"))
    assert not preload.prepare_for(task)
