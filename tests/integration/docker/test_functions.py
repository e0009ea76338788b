"""Functions in real containers, whose image contains no part of nbyard."""

import pytest

from nbyard.domain.attempts.structs import FunctionWork, Output

from .bench import BOTH, BUILD, Bench, log_of

STEPS = """
from pathlib import Path

import nbyard


@nbyard.executable(outputs={"lines": "json"})
def count(table: Path, more: int = 0):
    print("counting")
    return len(table.read_text().splitlines()) + more


def broken():
    raise ValueError("no such penguin")
"""


def call(bench: Bench, function: str, **more):
    given = {name: more.pop(name) for name in ("parameters", "files") if name in more}
    work = FunctionWork("code/steps.py", function, **{"parameters": {}, **given})
    order = bench.order(work, **more)
    (order.folder / "code/steps.py").write_text(STEPS)
    (order.folder / "inputs/t.csv").write_text("a\n1\n2\n")
    return order


@pytest.mark.sample(1)
@BOTH
def test_return_value_of_a_function_leaves_its_container(python_bench: Bench, staging):
    order = call(
        python_bench,
        "count",
        parameters={"table": "{attempt}/inputs/t.csv", "more": 4},
        files=["table"],
        outputs={"lines": Output("outputs/lines/lines.json", format="json")},
    )
    runtime = python_bench.runtime(staging=staging, image_for=BUILD)
    result = python_bench.run(order, runtime, 90)
    assert (result.state, result.outputs) == ("succeeded", ["lines"]), (result, log_of(order))
    assert (order.folder / "outputs/lines/lines.json").read_text() == "7"
    assert log_of(order) == "counting\n"


def test_error_of_a_function_is_reported_with_its_line(python_bench: Bench):
    order = call(python_bench, "broken")
    result = python_bench.run(order, python_bench.runtime(image_for=BUILD), 90)
    assert result.state == "failed" and result.failure is not None
    assert "ValueError: no such penguin" in result.failure.message
    assert 'steps.py", line 14' in (result.failure.traceback or "")
