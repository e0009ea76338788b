"""Every benchmark works with its smallest sizes. Times are not checked."""

import ast
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
# all programs of the folder itself; what they share lies in folders below it
BENCHMARKS = sorted(path for path in FOLDER.iterdir() if path.suffix in (".py", ".mjs"))
# They take most of the time of all; others start the same servers, canvases and containers.
LONG = {
    "against_peers.py",
    "batch.py",  # the model and the package of serving.py
    "canvas_frames.mjs",
    "command_line.py",  # the commands and the dispatcher of notebook_overhead.py
    "container_overhead.py",
    "deployment_link.py",  # the model of serving.py, the Jupyter server of events.py
    "foreign_kernel.py",
    "forwarding.py",  # the Jupyter server of events.py
    "hub_load.py",
    "large_canvas.mjs",
    "maps.py",  # the dispatcher and the commands of nodes.py
    "restart.py",  # the runs of large_graphs.py, the dispatcher of automations.py
    "server_start.py",
    "state_latency.mjs",  # the JupyterLab and the Chromium of panels.mjs
}
PROGRAMS = {".py": sys.executable, ".mjs": "node"}
ROW = re.compile(r"^[ *]*\| (.+?) \|", re.MULTILINE)
COMMENT = re.compile(r"/\*\*(.*?)\*/", re.DOTALL)
SECONDS = 1200  # a busy machine takes ten times as long as a quiet one
ABOUT = {"title", "machine", "left_out", "scenario", "nodes"}
# the reason of a peer that --smallest does not choose; see peers/environments.py
NOT_CHOSEN = "not chosen"


def case(script: Path) -> Any:
    """Return the case of a benchmark."""
    return pytest.param(
        script, id=script.name, marks=[pytest.mark.long] if script.name in LONG else []
    )


def promised(script: Path) -> set[str]:
    """Return the fields that the table in the script's description promises."""
    text = script.read_text()
    comment = COMMENT.match(text) if script.suffix == ".mjs" else None
    described = comment[1] if comment else ast.get_docstring(ast.parse(text)) or ""
    _, *rows = ROW.findall(described)
    return set(rows)


def names(value: Any) -> Iterator[str]:
    """Yield every key and every text."""
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from names(one)
    elif isinstance(value, str):
        yield value


def numbers(value: Any) -> Iterator[float]:
    """Yield every number; an empty list or dictionary counts as not measured."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value or [math.nan]:
            yield from numbers(one)
    elif isinstance(value, int | float):
        yield value


def refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is not JSON")


def check(line: dict[str, Any]) -> None:
    assert line["title"] and line["machine"]["cores"] and len(line["machine"]["load"]) == 3
    measured = {key: value for key, value in line.items() if key not in ABOUT}
    found = list(numbers({key: value for key, value in measured.items() if value}))
    assert found or line["left_out"], f"{line['title']}: it measured nothing"
    assert all(math.isfinite(number) and number >= 0 for number in found), line


@pytest.mark.timeout(SECONDS + 30)
@pytest.mark.parametrize("script", [*map(case, BENCHMARKS)])
def test_benchmark_works_with_the_smallest_sizes(script: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [PROGRAMS[script.suffix], str(script), "--smallest"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    lines = [json.loads(line, parse_constant=refuse) for line in ended.stdout.splitlines()]
    for line in lines:
        check(line)
    missing = {
        name: reason
        for line in lines
        for name, reason in line["left_out"].items()
        if not reason.startswith(NOT_CHOSEN)
    }
    if missing:
        pytest.skip(f"not installed here: {missing}")
    assert promised(script), "its description has a table of what it measures"
    assert promised(script) - set(names(lines)) == set(), "it did not measure all of it"
