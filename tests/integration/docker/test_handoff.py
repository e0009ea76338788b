"""Data frames and metrics by name, in containers without nbyard."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from nbyard.domain.attempts.structs import CommandWork, Output
from nbyard.reasons.structs import because
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.protocol import Order

from .bench import BOTH, BUILD, Bench, log_of, result_of, until
from .test_notebooks import notebook
from .test_warm import name_of, warm_bench

__all__ = ["warm_bench"]
# Its image has no library that reads Parquet: that of the tests lies among the inputs.
LIBRARY = """
import os, sys
sys.path.append(os.environ["NBYARD_ATTEMPT"] + "/inputs/library")
"""
MAKE = """
import datetime, time
import nbyard, polars
for step in range(3):
    nbyard.log_metric("loss", 1 / (step + 1), step=step)
while not os.path.exists("go"):
    time.sleep(0.05)
days = [datetime.date(2020, 1, 1), None]
nbyard.output("table", polars.DataFrame({"n": [1, 2], "day": days}))
"""
SHOW = """
import nbyard, polars
table = nbyard.input("table")
assert table.schema == {"n": polars.Int64, "day": polars.Date}, table.schema
nbyard.log_metric("rows", table.height)
nbyard.output("total", int(table["n"].sum()) * nbyard.input("scale", 1))
"""
TABLE = "{attempt}/inputs/table/table.parquet"
TOTAL = {"total": Output("outputs/total/total")}


def _link(source: str, target: str) -> None:
    """Link a file, or copy it where both are on different file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def with_library(order: Order) -> Order:
    for name in ("polars", "_polars_runtime_32"):
        found = find_spec(name)
        assert found is not None and found.origin is not None
        target = order.folder / "inputs" / "library" / name
        shutil.copytree(Path(found.origin).parent, target, copy_function=_link)
    return order


def with_table(order: Order, maker: Order) -> Order:
    (order.folder / "inputs" / "table").mkdir()
    made = maker.folder / "outputs" / "table" / "table"
    shutil.copy(made, order.folder / "inputs" / "table" / "table.parquet")
    return with_library(order)


def script(bench: Bench, text: str, **more) -> Order:
    """Return a Python script as a node."""
    given = more.pop("handed", {})
    order = bench.order(CommandWork(["python3", "{attempt}/code/s.py"], handed=given), **more)
    (order.folder / "code" / "s.py").write_text(text)
    return order


def metrics(order: Order) -> list[tuple[str, float]]:
    path = order.folder / "metrics.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [(told["name"], told["value"]) for told in map(msgspec.json.decode, lines)]


def ended(bench: Bench, runtime: DockerRuntime, order: Order) -> str:
    """Return the warm container that it ran in, if any."""
    assert bench.wait(order, runtime, 90).state == "succeeded", log_of(order)
    name = name_of(runtime, order)
    runtime.stop(order, because("text", text="finished"))
    return name


@pytest.mark.sample(1)
@pytest.mark.parametrize("warm", [False, True])
def test_data_frames_pass_from_a_notebook_to_a_script(warm_bench: Bench, warm: bool) -> None:
    """They keep their types, also in a warm container. Metrics arrive during the work."""
    runtime = warm_bench.runtime(image_for=BUILD)
    outputs = {"table": Output("outputs/table/table")}
    maker = with_library(notebook(warm_bench, LIBRARY, MAKE, warm=warm, outputs=outputs))
    maker = warm_bench.start(maker, runtime)
    until(lambda: len(metrics(maker)) == 3, 60)
    assert metrics(maker)[-1] == ("loss", 1 / 3) and runtime.poll(maker).state == "running"
    (maker.folder / "code" / "go").touch()
    names = [ended(warm_bench, runtime, maker)]
    told = msgspec.json.decode((maker.folder / "outputs/table/.type.json").read_bytes())
    assert told["columns"] == [["n", "Int64"], ["day", "Date"]] and told["rows"] == 2
    takers = [
        script(
            warm_bench,
            LIBRARY + SHOW,
            handed={"table": TABLE, "scale": 7},
            outputs=TOTAL,
            warm=warm,
        ),
        notebook(warm_bench, LIBRARY, SHOW, parameters={"table": TABLE}, outputs=TOTAL, warm=warm),
    ]
    for taker, total in zip(takers, ("21", "3"), strict=True):
        with_table(taker, maker)
        taker = warm_bench.start(taker, runtime)  # noqa: PLW2901
        names.append(ended(warm_bench, runtime, taker))
        assert result_of(taker).outputs == ["total"]
        assert (taker.folder / "outputs/total/total").read_text() == total
        assert metrics(taker) == [("rows", 2)]
    assert names[0] == names[2] and bool(names[0]) == warm, "notebooks share one"
    runtime.end_run(warm_bench.run_id)
    until(lambda: not warm_bench.left())


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("warm", [False, True])
def test_script_passes_data_without_nbyard_in_the_image(
    warm_bench: Bench, staging: str, warm: bool
) -> None:
    """Its child processes as well. Packages that the image has take precedence."""
    text = "import os, subprocess, sys\nsubprocess.run([sys.executable, __file__[:-4] + 'sub.py'])"
    told = (
        "import nbyard\nnbyard.log_metric('n', 1)\nnbyard.output('total', [nbyard.input('x', 5)])"
    )
    runtime = warm_bench.runtime(staging=staging, image_for=BUILD)
    for _ in range(1 + warm):
        order = script(warm_bench, text, outputs=TOTAL, warm=warm)
        (order.folder / "code" / "sub.py").write_text(told)
        result = warm_bench.run(order, runtime, 90)
        assert (result.state, result.outputs) == ("succeeded", ["total"]), log_of(order)
        assert (order.folder / "outputs/total/total").read_text() == "[5]"
        assert metrics(order) == [("n", 1)]
        runtime.stop(order, because("text", text="finished"))
    runtime.end_run(warm_bench.run_id)
    until(lambda: not warm_bench.left())
