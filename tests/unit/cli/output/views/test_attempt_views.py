"""What is told of one attempt, and of the time that a run will take."""

import pytest

from nbyard.cli.output.views.attempt_views import VIEWS, show_forecast
from nbyard.domain.attempts.metric_series import GpuUsage, Usage
from nbyard.domain.attempts.structs import Cells, Image, Surroundings
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import Lock, Package
from nbyard.domain.runs.previews.estimates import Estimate, NodeForecast, RunForecast, Usual
from nbyard.reasons.structs import because


def shown(capsys: pytest.CaptureFixture[str], view: str, answer: object) -> tuple[list[str], str]:
    """The words of each line, without what pads them; and what is told beside."""
    VIEWS[view](answer)
    found = capsys.readouterr()
    return [" ".join(line.split()) for line in found.out.splitlines()], found.err


def test_peak_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    gpus = {"0": GpuUsage([None, 80.0], [2e9, None]), "1": GpuUsage([None], [None])}
    used = Usage(2, False, None, [0, 3], [0.5, 1.5], [1e6, 5e5], [3, 1], gpus, 4.25)
    lines, _ = shown(capsys, "runs.usage", used)
    assert lines == [
        "attempt 2, still at work",
        "took 3 s",
        "CPU time 4.2 s",
        "most cores 1.5",
        "most memory 1.0 MB",
        "most processes 3",
        "GPU 0 at most 80 %",
        "memory of GPU 0 at most 2.0 GB",
    ]
    assert shown(capsys, "runs.usage", Usage(0, True)) == ([], "Nothing was recorded.\n")


def test_the_environment_view_ends_with_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    lock = Lock("3.12.1", "b", "cpython", "linux", [Package("numpy", "2.4", "sha256:1")])
    told = Surroundings(
        *({"host": "vm"}, "python3", "/usr/bin/python3", "sha256:f", "v", "sha256:c", "tree:b"),
        lock,
        Image("tools:1", "sha256:i"),
        UsedEnvironment("e", "cows", "ev", 2, "sha256:l"),
    )
    lines, _ = shown(capsys, "runs.surroundings", told)
    assert {"host vm", "environment cows@2", "image tools:1", "Python 3.12.1"} <= set(lines)
    assert lines[-2:] == ["package version", "numpy 2.4"]


def test_a_notebook_shows_code_and_output(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]},
        {"output_type": "display_data", "data": {"image/png": "…"}},
        {"output_type": "execute_result", "data": {"text/plain": "3", "text/html": "<b>3"}},
        {"output_type": "error", "ename": "KeyError", "evalue": "'c'", "traceback": []},
    ]
    cells = [
        {"cell_type": "markdown", "source": "# Words"},
        {"cell_type": "code", "source": "1 + 2", "execution_count": 1, "outputs": outputs},
        {"cell_type": "code", "source": ["x = 1\n", "y"], "execution_count": None, "outputs": []},
    ]
    of_terminal = {"output_type": "stream", "name": "stdout", "text": "c\r\n"}
    cells.append({"cell_type": "code", "source": "!echo c", "outputs": [of_terminal]})
    lines, beside = shown(capsys, "runs.cells", Cells({"cells": cells}, 1, 3))
    assert lines == [
        *("In [1]:", "1 + 2", "", "a", "b", "(image/png)", "3", "KeyError: 'c'", ""),
        *("In [ ]:", "x = 1", "y", ""),
        *("In [ ]:", "!echo c", "", "c", ""),
    ]
    assert beside == "1 of 3 cells done\n"
    assert shown(capsys, "runs.cells", Cells(None, 0, 0)) == (
        [],
        "The attempt has no executed notebook.\n",
    )


def test_an_estimate_shows_known_durations(capsys: pytest.CaptureFixture[str]) -> None:
    found = Estimate(125.0, 1, {"train": Usual(120, 5)})
    lines, _ = shown(capsys, "runs.estimate", found)
    assert lines == [
        "About 2 min; 1 task without an estimate",
        "node",
        "train usually 2 min (last 5 runs)",
    ]
    assert shown(capsys, "runs.estimate", Estimate()) == ([], "Nothing is known.\n")


def test_a_node_that_could_not_be_checked_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [
        NodeForecast("cached", because("unchanged", run=1), "a"),
        NodeForecast("stale", because("no-earlier-result"), "b"),
        NodeForecast("unknown", because("forecast-late"), "c"),
    ]
    show_forecast(RunForecast(nodes, 1, 2, None, 2, is_maximum=True))
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.split(", ") == ["1 cached", "up to 2 will run"]
    assert [row.split(maxsplit=2) for row in rows[-2:]] == [
        ["b", "runs", str(nodes[1].reason)],
        ["c", "unknown", str(nodes[2].reason)],
    ]
