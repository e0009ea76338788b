"""Conditions skip a task and what follows from it alone; joins run after any branch."""

import json

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.attempts.folders import attempt_folder_of
from nbyard.domain.attempts.structs import METRICS
from nbyard.domain.state_machines import RUN

pytestmark = pytest.mark.leaves_running
GRAPH = {"a": (), "b": ("a",), "c": ("b",), "d": ("b", "a")}


def has_ended(bench: Bench, run: str) -> bool:
    """Let the running attempts succeed; return whether the run has ended."""
    for attempt in bench.runtime.running:
        bench.runtime.end(attempt)
    return bench.run(run).state in RUN.terminal


def test_a_condition_decides_by_a_small_output(bench):
    for text, state in (("0.95", "succeeded"), ("0.5", "skipped"), ('"0.95"', "failed")):
        run = bench.submit(GRAPH, conditions={"b": "a.out > 0.9"})
        bench.until_task(run, "running")
        bench.runtime.end(bench.attempt(run), text=text)
        bench.until(lambda run=run: has_ended(bench, run))
        assert bench.task(run, "b").state == state
        assert bench.run(run).state == ("failed" if state == "failed" else "succeeded")
        if state == "skipped":
            assert bench.task(run, "b").reason.code == "condition-not-met"
            assert bench.task(run, "c").state == "skipped", "it has nothing to read"
            assert bench.task(run, "c").reason.code == "upstream-skipped"
            assert bench.task(run, "d").state == "succeeded", "one of its branches ran"
            bundle = bench.yard.services.runs.bundle(OWNER, run)
            repeated = {
                each.filename.split("/")[1] for each in bundle.members if "/code" in each.filename
            }
            assert repeated == {"a", "d"}


def test_a_condition_decides_by_the_last_value_of_a_metric_after_a_restart(bench):
    run = bench.submit({"a": (), "b": ("a",)}, conditions={"b": "a.score >= 0.5"})
    bench.until_task(run, "running")
    attempt = bench.attempt(run)
    folder = attempt_folder_of(bench.context.folder, attempt)
    folder.mkdir(parents=True, exist_ok=True)
    points = [{"name": "score", "value": value, "step": 1, "at": 1.0} for value in (0.9, 0.2)]
    (folder / METRICS).write_text("".join(json.dumps(point) + "\n" for point in points))
    bench.runtime.end(attempt)
    bench.replace_dispatcher()
    bench.until_run(run, "succeeded")
    assert bench.task(run, "b").reason.code == "condition-not-met"
    assert bench.task(run, "b").reason.params["values"] == ["a.score is 0.2"]


def test_a_missing_value_fails_the_task_and_names_those_that_exist(bench):
    run = bench.submit({"a": (), "b": ("a",)}, conditions={"b": "a.f1 > 0.9"})
    bench.until_task(run, "running")
    bench.runtime.end(bench.attempt(run), text='{"accuracy": 1, "auc": 0.9}')
    bench.until_run(run, "failed")
    failure = bench.task(run, "b").failure
    assert failure.kind == "preparation" and failure.reason.code == "condition-value-missing"
    assert failure.reason.params["names"] == ["accuracy", "auc"]


def test_the_rest_is_skipped_if_nothing_changed(bench):
    for text, state in (("1", "succeeded"), ("1", "skipped"), ("2", "succeeded")):
        run = bench.submit({"a": (), "b": ("a",)}, conditions={"b": "changed(a)"})
        bench.until_task(run, "running")
        bench.runtime.end(bench.attempt(run), text=text)
        bench.until(lambda run=run: has_ended(bench, run))
        assert bench.task(run, "b").state == state
