"""Queued tasks are looked at: together, level by level, and none keeps the others waiting."""

import threading

import pytest

from nbyard.dispatch import candidates, keys
from nbyard.testing.bench import Bench, FakeRuntime

CHAIN = {f"n{at}": [f"n{at - 1}"] if at else [] for at in range(6)}


def run_once(bench: Bench, graph: dict[str, list[str]]) -> str:
    run = bench.submit(graph, cache=True)
    for node in graph:
        bench.until(lambda node=node: bench.task(run, node).state == "running")  # type: ignore[misc]
        bench.runtime.end(bench.attempt(run, node), text=node)
    bench.until(lambda: bench.run(run).state == "succeeded")
    return run


def test_an_unchanged_graph_is_one_write(bench: Bench, runtime: FakeRuntime) -> None:
    """R2, I30: level by level on the board, then one commit."""
    run_once(bench, CHAIN)
    with bench.store.read() as c:
        before = bench.store.database._writes
        assert c is not None
    again = bench.submit(CHAIN, cache=True)
    submitted = bench.store.database._writes
    bench.until(lambda: bench.run(again).state == "succeeded")
    assert submitted - before == 1
    assert bench.store.database._writes - submitted <= 2, "begun, then all of it"
    detail = bench.detail(again)
    assert all(task.cached and task.artifacts for task in detail.tasks)
    assert len(runtime.starts) == len(CHAIN)


def test_more_than_fits_into_a_round(
    bench: Bench, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I30: a round has a bound, and the next follows at once."""
    run_once(bench, CHAIN)
    monkeypatch.setattr(candidates, "NEW_IN_A_ROUND", 2)
    again = bench.submit(CHAIN, cache=True)
    runs = bench.dispatcher._runs
    bench.until(lambda: runs._candidates.is_behind)
    assert runs.patience() == 0.0
    bench.until(lambda: bench.run(again).state == "succeeded")
    assert len(runtime.starts) == len(CHAIN)


def test_code_is_looked_at_once_for_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """I30: and beside the loop, for an engine that is asked may hang."""
    looked, seen = keys.environment_of, list[str]()

    def noted(*args: object) -> object:
        seen.append(threading.current_thread().name)
        return looked(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(keys, "environment_of", noted)
    run = bench.submit({f"n{at}": [] for at in range(5)})
    bench.until(lambda: len(bench.runtime.running) == 2)
    bench.cancel(run)
    assert len(seen) == 1 and seen[0].startswith("nbyard-work")
