"""Maps: elements known at run time, chains, collected results, policies, kills and retries."""

import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.runs.map_controller import MapController
from nbyard.dispatch.state.live_runs import LiveTask
from nbyard.dispatch.state.round_changes import RoundChanges
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.maps.searches import RandomSample
from nbyard.domain.maps.structs import ALL, Grid, Items, MapPlan, Range, Search, Source
from nbyard.domain.runs.structs import Task
from nbyard.domain.state_machines import RUN, TASK
from nbyard.errors import Busy, Conflict
from nbyard.reasons.structs import because

CHAIN = {"source": [], "a": ["source"], "b": ["a"], "c": ["b"]}
ALONE = {"a": [], "c": ["a"]}
BOOM = Failure("error", because("text", text="boom"))


def maps(each: Source | None = None, policy: str = "all", **more: Any) -> dict[str, MapPlan]:
    """The maps of `a`, and of `b` that follows it."""
    own = MapPlan(each or Items("n"), policy, **more)
    return {"a": own, "b": MapPlan(None, policy, **more)}


def grid(*values: int, **more: Any) -> dict[str, MapPlan]:
    return {"a": MapPlan(Grid({"n": list(values)}), **more)}


def elements(bench: Bench, run: str, node: str) -> dict[str, Task]:
    """The elements of a map by their labels."""
    return {
        task.element.label: task
        for task in bench.detail(run).tasks
        if task.element and task.element.map == node
    }


def states(bench: Bench, run: str, node: str = "a") -> list[str]:
    return [task.state for task in elements(bench, run, node).values()]


def give(bench: Bench, run: str, text: str) -> None:
    bench.until_task(run, "running", "source")
    bench.runtime.end(bench.attempt(run, "source"), text=text)
    bench.until(lambda: bench.task(run, "a").state in ("running", *TASK.terminal))


def end_all(bench: Bench, run: str, failing: str = "", failure: Failure = BOOM) -> None:
    """End attempts until the run has ended; those of the element `failing` fail."""

    def step() -> bool:
        running = {a.id: task for task in bench.detail(run).tasks for a in task.attempts}
        for attempt in bench.runtime.running:
            task = running[attempt]
            if failing and task.element and task.element.label == failing:
                bench.runtime.end(attempt, "failed", failure=failure)
            else:
                bench.runtime.end(attempt, text=f"{task.node}\n")
        return bench.run(run).state in RUN.terminal

    bench.until(step)


def table(bench: Bench, run: str, node: str = "a") -> list[dict[str, Any]]:
    digest = next(a.digest for a in bench.task(run, node).artifacts if a.name == ALL)
    with bench.context.blobs.open(digest) as handle:
        return [json.loads(line) for line in handle.read().splitlines()]


def test_a_chain_survives_kills(bench, runtime):
    """Run-time elements go from map to map, one fails, and the rest is collected."""
    run = bench.submit(CHAIN, maps=maps())
    give(bench, run, "[3, 1, 2]")
    bench.replace_dispatcher()
    first = elements(bench, run, "a")["n=3"].node
    bench.until_task(run, "running", first)
    runtime.end(bench.attempt(run, first), text="three")
    bench.until(lambda: elements(bench, run, "b")["n=3"].state != "waiting")
    assert bench.task(run, "a").state == "running", "b does not wait for the whole of a"
    bench.replace_dispatcher()
    end_all(bench, run, "n=1")
    assert bench.run(run).state == "succeeded"
    assert states(bench, run, "a") == ["succeeded", "failed", "succeeded"]
    assert states(bench, run, "b") == ["succeeded", "skipped", "succeeded"]
    rows = table(bench, run)
    assert [row["label"] for row in rows] == ["n=3", "n=1", "n=2"]
    assert [row["parameters"]["n"] for row in rows] == [3, 1, 2]
    assert [row["state"] for row in rows] == ["succeeded", "failed", "succeeded"]


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_condition_skips_elements_of_a_following_map_which_are_not_lost(
    bench, runtime, is_killed
):
    run = bench.submit(CHAIN, maps=maps(policy="first"), conditions={"b": "a.out > 1"})
    give(bench, run, "[3, 1, 2]")
    nodes = {label: task.node for label, task in elements(bench, run, "a").items()}
    for label, node in nodes.items():
        bench.until_task(run, "running", node)
        runtime.end(bench.attempt(run, node), text=label.removeprefix("n="))
        if is_killed:
            bench.replace_dispatcher()
    bench.until(lambda: elements(bench, run, "b")["n=1"].state == "skipped")
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"
    assert states(bench, run, "b") == ["succeeded", "skipped", "succeeded"]
    skipped, whole = elements(bench, run, "b")["n=1"].reason, bench.task(run, "b").reason
    assert skipped and skipped.code == "condition-not-met"
    assert whole and whole.params["failed"] == 0


def test_a_collecting_node_gets_the_files_in_order(bench, runtime):
    run = bench.submit(CHAIN, maps=maps())
    give(bench, run, "[3, 1]")

    def step() -> bool:
        for attempt in runtime.running:
            if runtime.orders[attempt].node_id != "c":
                runtime.end(attempt)
        return bench.task(run, "c").state == "running"

    bench.until(step)
    (folder,) = (bench.folder(bench.attempt(run, "c")) / "inputs" / "in0").iterdir()
    assert sorted(p.name for p in folder.iterdir()) == ["00001-out.txt", "00002-out.txt"]


@pytest.mark.parametrize("text", ["[]", "nothing"])
def test_an_empty_map_succeeds_and_wrong_data_fails(bench, runtime, text):
    run = bench.submit(CHAIN, maps=maps())
    give(bench, run, text)
    if text == "nothing":
        bench.until_run(run, "failed")
        assert bench.task(run, "a").state == "failed"
        assert bench.task(run, "b").state == bench.task(run, "c").state == "skipped"
        return
    bench.until_task(run, "running", "c")
    runtime.end(bench.attempt(run, "c"))
    bench.until_run(run, "succeeded")
    for node in "ab":
        reason = bench.task(run, node).reason
        assert reason and reason.code == "map-empty" and table(bench, run, node) == []


def test_a_wrong_value_fails_the_map_only(bench):
    run = bench.submit(CHAIN, maps=maps())
    give(bench, run, '[1, "x"]')
    bench.until_run(run, "failed")
    assert elements(bench, run, "a") == {}


@pytest.mark.parametrize(
    ("policy", "run_state", "started"),
    [("first", "failed", 1), ("1", "succeeded", 4), ("20%", "failed", 1)],
)
def test_policies(bench, runtime, policy, run_state, started):
    bench.context.settings.slots = 1
    run = bench.submit(ALONE, maps=grid(1, 2, 3, 4, on_failure=policy))
    end_all(bench, run, "n=1")
    assert bench.run(run).state == run_state
    assert len([order for order in runtime.orders.values() if order.node_id != "c"]) == started
    reason = bench.task(run, "a").reason
    assert reason and reason.params["total"] == 4 and reason.params["failed"] == 1
    stopped = [task for task in elements(bench, run, "a").values() if not task.attempts]
    assert {task.reason.code for task in stopped if task.reason} <= {"map-stopped"}
    assert bench.task(run, "c").state == ("succeeded" if run_state == "succeeded" else "skipped")


def test_what_runs_when_a_map_stops_may_finish(bench, runtime):
    run = bench.submit(ALONE, maps=grid(1, 2, 3))
    bench.until(lambda: len(runtime.running) == 2)
    first, second = runtime.running
    runtime.end(first, "failed", failure=BOOM)
    bench.round(3)
    runtime.end(second)
    bench.until_run(run, "failed")
    assert sorted(states(bench, run)) == ["cancelled", "failed", "succeeded"]


def test_a_timeout_is_a_failure(bench):
    run = bench.submit(ALONE, maps=grid(1, 2, on_failure="all"))
    end_all(bench, run, "n=2", Failure("timeout", because("text", text="too slow")))
    assert [row["state"] for row in table(bench, run)] == ["succeeded", "failed"]


def test_at_most_so_many_run(bench, runtime):
    run = bench.submit(ALONE, maps=grid(1, 2, 3, on_failure="all", at_most=1))
    bench.until(lambda: runtime.running)
    bench.round(3)
    assert states(bench, run) == ["running", "waiting", "waiting"]
    bench.replace_dispatcher()
    bench.round(3)
    assert states(bench, run) == ["running", "waiting", "waiting"]
    end_all(bench, run, "n=2")
    assert states(bench, run) == ["succeeded", "failed", "succeeded"]


def test_elements_are_retried_by_themselves(bench, runtime):
    run = bench.submit({"a": []}, maps=grid(1, 2), retries=1)
    bench.until(lambda: len(runtime.running) == 2)
    runtime.end(bench.attempt(run, elements(bench, run, "a")["n=1"].node), "failed", failure=BOOM)
    bench.until(lambda: len(elements(bench, run, "a")["n=1"].attempts) == 2)
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"
    assert [len(task.attempts) for task in elements(bench, run, "a").values()] == [2, 1]


def test_new_and_moved_elements_recompute_only_new_ones(bench, runtime):
    first = bench.submit({"a": []}, maps=grid(1, 2), cache=True)
    end_all(bench, first)
    second = bench.submit({"a": []}, maps=grid(3, 2, 1), cache=True)
    end_all(bench, second)
    cached = {label: task.cached for label, task in elements(bench, second, "a").items()}
    assert cached == {"n=3": False, "n=2": True, "n=1": True}
    assert len(runtime.starts) == 3


def test_equal_elements_are_all_there(bench):
    run = bench.submit({"a": []}, maps=grid(1, 1, 1), cache=True)
    end_all(bench, run)
    keys = [row["key"] for row in table(bench, run)]
    assert len(keys) == len({*keys}) == 3


def test_a_retry_runs_failed_elements_only(bench, runtime):
    """Nothing of the map is lost, and nothing that succeeded is repeated, also without a cache."""
    run = bench.submit(CHAIN, maps=maps(policy="first"))
    give(bench, run, "[1, 2]")
    bench.until(lambda: len(runtime.running) == 2)
    runtime.end(bench.attempt(run, elements(bench, run, "a")["n=2"].node), text="fine")
    bench.until(lambda: elements(bench, run, "a")["n=2"].state == "succeeded")
    end_all(bench, run, "n=1")
    assert bench.run(run).state == "failed"
    done = {label for label, task in elements(bench, run, "b").items() if task.state == "succeeded"}
    starts = len(runtime.starts)
    again = bench.yard.services.runs.retry(OWNER, run).id
    end_all(bench, again)
    assert bench.run(again).state == "succeeded"
    assert states(bench, again, "a") == states(bench, again, "b") == ["succeeded"] * 2
    assert elements(bench, again, "a")["n=2"].cached
    for node in "ab":
        reason = bench.task(again, node).reason
        counts = {"total": 2, "succeeded": 2, "failed": 0, "skipped": 0}
        assert reason and reason.params == counts, "reused elements count as well"
        assert [row["label"] for row in table(bench, again, node)] == ["n=1", "n=2"]
    repeated = [f"n={n}" for n in (1, 2) if f"n={n}" not in done]
    assert len(runtime.starts) - starts == 1 + len(repeated) + 1, "a of n=1, b of the rest, c"


def test_an_empty_map_stays_empty_in_a_retry(bench, runtime):
    run = bench.submit(CHAIN, maps=maps())
    give(bench, run, "[]")
    bench.until_task(run, "running", "c")
    runtime.end(bench.attempt(run, "c"), "failed", failure=BOOM)
    bench.until_run(run, "failed")
    starts = len(runtime.starts)
    again = bench.yard.services.runs.retry(OWNER, run).id
    end_all(bench, again)
    assert bench.run(again).state == "succeeded"
    for node in "ab":
        reason = bench.task(again, node).reason
        assert reason and reason.code == "map-empty" and table(bench, again, node) == []
    assert len(runtime.starts) - starts == 1


def test_a_cancelled_retry_loses_no_results(bench, runtime):
    """Neither before its maps have elements, nor while these wait."""
    run = bench.submit({"a": []}, maps=grid(1, 2, 3, on_failure="0"))
    end_all(bench, run, "n=3")
    assert bench.run(run).state == "failed"
    done = [label for label, task in elements(bench, run, "a").items() if task.state == "succeeded"]
    assert done
    starts = len(runtime.starts)
    for rounds in (0, 1):
        run = bench.yard.services.runs.retry(OWNER, run).id
        bench.round(rounds)
        bench.cancel(run)
        bench.until_run(run, "cancelled")
    run = bench.yard.services.runs.retry(OWNER, run).id
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"
    assert [label for label, task in elements(bench, run, "a").items() if task.cached] == done
    assert len(runtime.starts) - starts <= 1 + 2 * (3 - len(done))


def test_a_broken_map_delays_no_other_run(bench, monkeypatch):
    def broken(*_: object) -> list[Any]:
        raise KeyError("gone")

    monkeypatch.setattr("nbyard.dispatch.runs.map_controller.element_plans", broken)
    run, other = bench.submit({"a": []}, maps=grid(1)), bench.submit()
    bench.until_run(run, "failed")
    bench.until_task(other, "running")


def test_a_cancelled_run_ends_its_maps(bench):
    run = bench.submit(CHAIN, maps=maps())
    give(bench, run, "[1, 2, 3]")
    bench.until(lambda: len(bench.runtime.running) == 2)
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert bench.task(run, "a").state == bench.task(run, "b").state == "cancelled"
    assert set(states(bench, run)) == {"cancelled"}
    assert [row["state"] for row in table(bench, run)] == ["cancelled"] * 3


def test_a_kill_between_the_results_and_the_end(bench, monkeypatch):
    """The results are collected again."""
    run = bench.submit({"a": []}, maps=grid(1))
    bench.until(lambda: bench.runtime.running)
    bench.runtime.end(bench.runtime.running[0])
    bench.until(lambda: bench.dispatcher.runs.board.due_maps)
    bench.replace_dispatcher()
    bench.until_run(run, "succeeded")
    assert len(table(bench, run)) == 1


def test_a_busy_store_delays_a_map(bench, monkeypatch):
    tried = []

    def refuse(*_: object) -> list[Any]:
        tried.append(1)
        raise Busy("locked")

    monkeypatch.setattr("nbyard.dispatch.threads.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("nbyard.dispatch.runs.map_controller.read_elements", refuse)
    run = bench.submit({"a": []}, maps=grid(1))
    bench.until(lambda: len(tried) > 1)
    monkeypatch.undo()
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_cancelled_element_is_skipped_and_stops_no_other(bench, runtime, is_killed):
    """With the element that follows it, and whether it runs or waits."""
    run = bench.submit(CHAIN, maps=maps(policy="first", at_most=1))
    give(bench, run, "[1, 2, 3]")
    bench.until(lambda: runtime.running)
    nodes = {label: task.node for label, task in elements(bench, run, "a").items()}
    for label in ("n=1", "n=3"):
        bench.yard.services.runs.cancel_element(OWNER, run, nodes[label])
    if is_killed:
        bench.replace_dispatcher()
    bench.until(lambda: elements(bench, run, "b")["n=1"].state == "skipped")
    with pytest.raises(Conflict):
        bench.yard.services.runs.cancel_element(OWNER, run, nodes["n=1"])
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"
    assert states(bench, run, "a") == ["cancelled", "succeeded", "skipped"]
    assert states(bench, run, "b") == ["skipped", "succeeded", "skipped"]
    reason = bench.task(run, "a").reason
    assert reason and (reason.params["failed"], reason.params["skipped"]) == (0, 2)


def test_failed_elements_are_retried_in_the_same_run(bench, runtime):
    """Those that follow them, or did not start as their map stopped, wait again, too."""
    run = bench.submit(CHAIN, maps=maps(policy="first", at_most=2))
    give(bench, run, "[1, 2, 3]")
    bench.until(lambda: len(runtime.running) == 2)
    failed = elements(bench, run, "a")["n=1"].node
    for _ in range(2):
        runtime.end(bench.attempt(run, failed), "failed", failure=BOOM)
        bench.until_task(run, "failed", failed)
        bench.until(lambda: elements(bench, run, "b")["n=1"].state == "skipped")
        bench.yard.services.runs.retry_elements(OWNER, run, "a")
        assert elements(bench, run, "b")["n=1"].state == "waiting"
        bench.replace_dispatcher()
        bench.until_task(run, "running", failed)
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"
    assert states(bench, run, "a") == states(bench, run, "b") == ["succeeded"] * 3
    assert len(bench.task(run, failed).attempts) == 3
    assert [row["state"] for row in table(bench, run)] == ["succeeded"] * 3


@pytest.mark.parametrize("policy", ["all", "first"])
def test_failed_elements_are_retried_after_the_run(bench, runtime, policy):
    """They, those that follow them, and what collects run again, in the same run."""
    run = bench.submit(CHAIN | {"d": ["source"]}, maps=maps(policy=policy))
    give(bench, run, "[1, 2, 3]")
    end_all(bench, run, "n=2")
    assert bench.run(run).state == ("succeeded" if policy == "all" else "failed")
    done = {task.node for task in bench.detail(run).tasks if task.state == "succeeded"}
    starts = len(runtime.starts)
    runs = bench.yard.services.runs
    again = runs.retry(OWNER, run) if policy == "all" else runs.retry_elements(OWNER, run)
    assert (again.id, again.state, again.finished_at) == (run, "running", None)
    assert [bench.task(run, node).state for node in "abcd"] == [
        "running",
        "running",
        "waiting",
        "succeeded",
    ]
    bench.replace_dispatcher()
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"
    for node in "ab":
        assert states(bench, run, node) == ["succeeded"] * 3
        assert [row["state"] for row in table(bench, run, node)] == ["succeeded"] * 3
        reason = bench.task(run, node).reason
        assert reason and (reason.params["total"], reason.params["succeeded"]) == (3, 3)
    elements_again = [
        n for n in ("a", "b") for task in elements(bench, run, n).values() if task.node not in done
    ]
    assert len(runtime.starts) - starts == len(elements_again) + 1, "the others, and c"
    with pytest.raises(Conflict):
        runs.retry(OWNER, run)


def test_an_element_that_fails_again_is_retried_again(bench, runtime):
    run = bench.submit(ALONE, maps=grid(1, 2, on_failure="all"), cache=True)
    for attempts in (1, 2):
        end_all(bench, run, "n=2")
        assert bench.run(run).state == "succeeded"
        assert [len(task.attempts) for task in elements(bench, run, "a").values()] == [1, attempts]
        assert [row["state"] for row in table(bench, run)] == ["succeeded", "failed"]
        bench.yard.services.runs.retry(OWNER, run)
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert [row["state"] for row in table(bench, run)] == ["succeeded", "skipped"]


def test_a_map_of_the_results_prevents_a_retry_in_the_same_run(bench, runtime):
    nested = MapPlan(Items("n"), "all")
    run = bench.submit({"a": [], "b": ["a"]}, maps=grid(1, 2, on_failure="all") | {"b": nested})
    bench.until(lambda: len(runtime.running) == 2)
    runtime.end(runtime.running[1], "failed", failure=BOOM)
    runtime.end(runtime.running[0], text="[7]")
    bench.until(lambda: elements(bench, run, "b"))
    end_all(bench, run)
    assert bench.run(run).state == "succeeded"
    with pytest.raises(Conflict):
        bench.yard.services.runs.retry(OWNER, run)


def test_a_retried_run_collects_again_what_changed(bench, runtime):
    """Another node failed, and the elements that failed succeed in the retry."""
    run = bench.submit(ALONE | {"d": []}, maps=grid(1, 2, on_failure="all"))

    def step() -> bool:
        nodes = {a.id: task.node for task in bench.detail(run).tasks for a in task.attempts}
        for attempt in runtime.running:
            is_bad = nodes[attempt] in ("d", elements(bench, run, "a")["n=2"].node)
            runtime.end(
                attempt, "failed" if is_bad else "succeeded", failure=BOOM if is_bad else None
            )
        return bench.run(run).state == "failed"

    bench.until(step)
    again = bench.yard.services.runs.retry(OWNER, run).id
    end_all(bench, again)
    assert bench.run(again).state == "succeeded"
    assert not bench.task(again, "c").cached


def test_a_retry_collects_the_results_again(bench, runtime):
    """The results of the map are collected already, and it has not ended."""
    run = bench.submit({"a": []}, maps=grid(1, on_failure="all"))
    bench.until(lambda: runtime.running)
    runtime.end(runtime.running[0], "failed", failure=BOOM)
    bench.until(lambda: bench.dispatcher.runs.board.due_maps)
    assert bench.dispatcher.settle(30)
    bench.yard.services.runs.retry_elements(OWNER, run)
    end_all(bench, run)
    assert [row["state"] for row in table(bench, run)] == ["succeeded"]


def test_a_retry_forgets_results_that_broke_a_contract(bench, runtime):
    """The cache keeps whole results of failed elements, without their outputs after a retry."""
    run = bench.submit({"a": []}, maps=grid(1, 2, on_failure="all"), cache=True)
    bench.until(lambda: runtime.running)
    first = elements(bench, run, "a")["n=1"]
    bench.until_task(run, "running", first.node)
    runtime.end(bench.attempt(run, first.node), "failed", failure=BOOM)
    bench.until_task(run, "failed", first.node)
    with bench.context.store.write() as c:
        record = bench.context.store.tasks.of_node(c, run, first.node)
        assert record is not None
        bench.context.store.cache.keep_all(c, [(OWNER.name, record.cache_key, record.id)])
    bench.yard.services.runs.retry_elements(OWNER, run, first.node)
    end_all(bench, run)
    assert [row["outputs"] for row in table(bench, run)] == [{"out": ANY}] * 2


SEARCHED = MapPlan(None, "all", at_most=2, count=10)


def search(count: int, policy: str = "all") -> dict[str, MapPlan]:
    space: dict[str, Range | list[Any]] = {"n": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
    source = Search(space, count, "random", goal="score")
    return {"a": MapPlan(source, policy, at_most=2, count=count)}


def test_a_suggestion_after_a_cancellation_is_dropped(bench, runtime, monkeypatch):
    """The round that asks for it ends before the user cancels the run."""
    is_over = threading.Event()

    def suggest(_: object, __: object, trials: list[object], count: int) -> list[Any]:
        if trials and not runtime.running:
            return []  # the search asks again
        if trials:
            assert is_over.wait(10)
            bench.cancel(run)
        return [{"n": len(trials) + 1}]

    monkeypatch.setattr(RandomSample, "suggest", suggest)
    run = bench.submit({"a": []}, maps=search(10))
    while bench.run(run).state not in RUN.terminal:
        is_over.clear()
        bench.dispatcher.tick()
        is_over.set()
        assert bench.dispatcher.settle(30)
    assert bench.run(run).state == "cancelled"
    assert len(elements(bench, run, "a")) == 1


def test_each_ended_element_of_a_search_is_read_once(bench, runtime, monkeypatch):
    read = []

    def last_values(folder: Path, _: int) -> list[ShownMetric]:
        read.append(folder)
        return [ShownMetric("score", 2.0)]

    monkeypatch.setattr("nbyard.attempts.folders.last_values", last_values)
    run = bench.submit({"a": []}, maps=search(6))
    end_all(bench, run)
    assert len(table(bench, run)) == 6
    # once for a suggestion, and once for the table of results
    assert max(Counter(read).values()) <= 2


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_following_map_that_is_queued_is_skipped_after_a_failure(
    bench, runtime, monkeypatch, is_killed
):
    """Not all elements that it would have are known."""
    expand = MapController.expand

    def delayed(own: MapController, changes: RoundChanges, task: LiveTask) -> bool:
        is_early = task.record.node == "b" and task.run.tasks["a"].record.state == "running"
        return is_early or expand(own, changes, task)

    monkeypatch.setattr(MapController, "expand", delayed)
    run = bench.submit({"a": [], "b": ["a"], "c": ["b"]}, maps=search(10) | {"b": SEARCHED})
    bench.until(lambda: runtime.running)
    for attempt in runtime.running:
        runtime.end(attempt)  # without the metric of the search
    bench.until(lambda: states(bench, run) == ["succeeded"] * 2)
    assert bench.task(run, "b").state == "queued"
    if is_killed:
        bench.replace_dispatcher()
    bench.until_run(run, "failed")
    assert [bench.task(run, node).state for node in "abc"] == ["failed", "skipped", "skipped"]
    assert elements(bench, run, "b") == {}


def test_a_retried_element_counts_among_all_of_its_search(bench, runtime, monkeypatch):
    """Two of ten may fail, although they are half of those that are known."""
    values = [{"n": n} for n in range(1, 11)]
    monkeypatch.setattr(
        RandomSample, "suggest", lambda _, __, trials, count: values[len(trials) :][:count]
    )
    run = bench.submit({"a": []}, maps=search(10, "20%"))
    for place in (1, 2):
        bench.until(lambda: runtime.running)
        runtime.end(runtime.running[0], "failed", failure=BOOM)
        bench.until(lambda place=place: states(bench, run).count("failed") == place)
    failed = [task.node for task in elements(bench, run, "a").values() if task.state == "failed"]
    bench.yard.services.runs.retry_elements(OWNER, run, failed[0])
    assert states(bench, run).count("failed") == 1


def test_what_cannot_be_cancelled_or_retried(bench, runtime):
    run = bench.submit(ALONE, maps=grid(1, 2, 3))
    runs = bench.yard.services.runs
    bench.until(lambda: len(runtime.running) == 2)
    own = elements(bench, run, "a")
    for attempt in runtime.running[:1]:
        runtime.end(attempt, "failed", failure=BOOM)
    bench.until(lambda: "failed" in states(bench, run))
    bench.cancel(run)
    for refused in (
        lambda: runs.cancel_element(OWNER, run, "a"),
        lambda: runs.retry_elements(OWNER, run, "c"),
        lambda: runs.retry_elements(OWNER, run, own["n=1"].node),
    ):
        with pytest.raises(Conflict):
            refused()


def test_a_large_map_lets_other_runs_pass(bench, runtime):
    """Another map gets its turns, and a task without a map goes before the rest of both."""
    bench.context.settings.slots = 1
    large = bench.submit({"a": []}, maps=grid(*range(4), on_failure="all"))
    bench.until(lambda: runtime.running)
    small = bench.submit({"a": []}, maps=grid(8, 9, on_failure="all"))
    alone = bench.submit()
    bench.until(lambda: len(bench.dispatcher.runs.board.queue.ids) == 6)
    assert bench.task(alone, "a").place == 2

    def step() -> bool:
        for attempt in runtime.running:
            runtime.end(attempt)
        return all(bench.run(run).state in RUN.terminal for run in (large, small, alone))

    bench.until(step)
    begun = [order.run_id for order in runtime.orders.values()]
    assert begun == [large, small, alone, large, small, large, large]


def test_maps_nest(bench, runtime):
    """Each element of `a` writes a list for `b`: one is empty, and one fails."""
    items = MapPlan(Items("n"), "all")
    run = bench.submit(CHAIN, maps={"a": items, "b": items}, retries=1)
    give(bench, run, "[1, 2, 3, 4]")
    texts = {"n=1": "[7, 8]", "n=2": "[]", "n=3": "[8]"}

    def step() -> bool:
        for task in bench.detail(run).tasks:
            is_outer = task.node.startswith("a.")
            text = texts.get(task.element.label) if is_outer and task.element else "x"
            running = [a.id for a in task.attempts if a.id in runtime.running]
            for attempt in running if task.element else ():
                end = {"text": text} if text else {"state": "failed", "failure": BOOM}
                runtime.end(attempt, **end)
        bench.replace_dispatcher()
        bench.round()
        return bench.task(run, "c").state == "running"

    bench.until(step)
    assert states(bench, run, "a") == ["succeeded"] * 3 + ["failed"]
    labels = [row["label"] for row in table(bench, run, "b")]
    assert labels == ["n=1 n=7", "n=1 n=8", "n=3 n=8"], "with that of the outer element"
    assert [row["state"] for row in table(bench, run, "b")] == ["succeeded"] * 3
