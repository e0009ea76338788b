"""The value of a metric in a probe: a recorded value, or else a number of its output."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.attempts.folders import attempt_folder_of
from nbyard.dispatch.bisections.controller import value_of
from nbyard.domain.attempts.structs import METRICS
from nbyard.domain.bisections.structs import BisectionJudge

SCORE = BisectionJudge("a", "score", 0.5)
# The reader processes live as long as the bench.
pytestmark = pytest.mark.leaves_running


def ended(bench: Bench, **plan: object) -> tuple[str, Path]:
    run = bench.start(**plan)
    attempt = bench.attempt(run)
    bench.runtime.end(attempt)
    bench.until_run(run, "succeeded")
    return run, attempt_folder_of(bench.context.folder, attempt)


def value(bench: Bench, run: str, judge: BisectionJudge = SCORE) -> float | str | None:
    with bench.store.read() as c:
        found = bench.store.runs.by_id(c, run)
    assert found is not None
    return value_of(bench.context, found, judge)


def record(folder: Path, *values: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    points = [{"name": "score", "value": one, "step": n, "at": 1.0} for n, one in enumerate(values)]
    (folder / METRICS).write_text("".join(json.dumps(point) + "\n" for point in points))


def test_the_newest_recorded_value(bench):
    run, folder = ended(bench)
    assert value(bench, run) is None
    record(folder, 0.25, 0.75)
    assert value(bench, run) == 0.75
    assert value(bench, run, BisectionJudge()) is None
    assert value(bench, run, msgspec.structs.replace(SCORE, node="b")) is None
    assert value(bench, run, msgspec.structs.replace(SCORE, metric="other")) is None


def test_a_reused_result_has_the_value_of_its_maker(bench):
    run, folder = ended(bench)
    record(folder, 0.75)
    again = bench.submit(reuse=bench.task(run).id, origin="bisect")
    bench.until_run(again, "succeeded")
    assert bench.task(again).cached
    assert value(bench, again) == 0.75


@pytest.mark.parametrize(("text", "expected"), [('{"score": 0.5}', 0.5), ("{", None)])
def test_a_json_output_has_numbers(bench, text, expected):
    run, _ = ended(bench)
    blob = bench.context.blobs.put_bytes(text.encode())
    row = {"name": "m", "filename": "m.json", "format": "json", "digest": blob.digest}
    with bench.store.write() as c:
        task = bench.store.tasks.of_node(c, run, "a")
        assert task is not None
        bench.store.artifacts.insert_all(c, [(task, [row | {"size_bytes": blob.size_bytes}])])
    assert value(bench, run) == expected
