"""A failed run is retried from a shell, which shows how to follow it."""

import pytest

from nbyard.testing.dispatcher_thread import Dispatching

RETRY = {"code": "retry-of-run", "params": {"run": 1}}
SCRIPT = '#!/bin/sh\necho at work\n[ -e "{}" ] || exit 4\n'


@pytest.fixture
def failed(shell, yard, dispatcher: Dispatching, tmp_path):
    """Create a failed run that succeeds as soon as the returned file exists."""
    mark = tmp_path / "mended"
    (yard.context.files.root / "s.sh").write_text(SCRIPT.format(mark))
    assert shell("run", "s.sh", "--name", "nightly").code == 1
    return mark


def test_retry_shows_how_to_follow_the_new_run(shell, failed) -> None:
    said = shell("runs", "retry", "nightly")
    assert said.code == 0 and "retries run 1" in said.out
    assert "runs log 2 --follow" in said.err
    assert shell("runs", "log", "2", "--follow").out == "at work\n"


def test_a_failed_retry_shows_both_reasons_once(shell, failed) -> None:
    """The reason of a failure is shown beside the node that failed."""
    shell("runs", "retry", "1", "--wait")
    task = shell("runs", "show", "2", "--json").json["tasks"][0]
    both = {"code": "all", "params": {"reasons": [RETRY, task["reason"]]}}
    assert shell("runs", "show", "2", "--json").json["run"]["reason"] == both
    listed = {run["number"]: run["reason"] for run in shell("runs", "ls", "--json").json["items"]}
    assert listed == {1: task["reason"], 2: both}
    for number, retries in (("1", 0), ("2", 1)):
        shown = shell("runs", "show", number).out
        assert shown.count("exit code 4") == 1 and shown.count("retries run 1") == retries


def test_exit_code_of_a_retry_is_that_of_its_result(shell, failed) -> None:
    said = shell("runs", "retry", "1", "--wait")
    assert said.code == 1 and "Run 2 failed" in said.err
    failed.touch()
    said = shell("runs", "retry", "nightly", "--wait", "--json")
    assert said.code == 0 and said.json["run"]["state"] == "succeeded"


@pytest.mark.parametrize("option", ["--log", "--follow", "-f"])
def test_log_of_a_retry_is_followed(shell, failed, option: str) -> None:
    failed.touch()
    said = shell("runs", "retry", "1", option)
    assert said.code == 0 and said.out.startswith("at work\n") and "Run 2 succeeded" in said.err


def test_run_that_cannot_be_retried_is_refused(shell, failed) -> None:
    failed.touch()
    assert shell("runs", "retry", "1", "--wait").code == 0
    said = shell("runs", "retry", "2")
    assert said.code == 1 and "No element has failed" in said.err
    assert shell("runs", "retry", "1", "--json").json["reason"] == RETRY


@pytest.fixture
def two(shell, yard, dispatcher: Dispatching) -> None:
    """Run a script twice, with different words."""
    root = yard.context.files.root
    (root / "m.py").write_text(
        "import nbyard\nnbyard.log_metric('score', nbyard.input('rate', 0.5))\n"
    )
    for rate in ("0.5", "0.75"):
        assert shell("run", "./m.py", "-p", f"rate={rate}").code == 0


def test_two_runs_are_compared(shell, two) -> None:
    """In columns, and as JSON."""
    said = shell("runs", "compare", "1", "2")
    assert ["main.rate", "0.5", "0.75"] in [line.split() for line in said.out.splitlines()]
    assert ["main.score", "0.5", "0.75"] in [line.split() for line in said.out.splitlines()]
    found = shell("runs", "compare", "1", "2", "--all", "--json").json
    assert [run["number"] for run in found["runs"]] == [1, 2]
    assert found["equal"]["code"] == len(found["code"]) == 1


def test_why_explains_a_difference_between_two_runs(shell, two) -> None:
    """The parameter explains the metric."""
    said = shell("runs", "why", "1", "2", "--metric", "main.score")
    assert "main: rate changed 0.5 → 0.75\n" in said.out
    found = shell("runs", "why", "1", "2", "--json").json
    assert [one["kind"] for one in found["causes"]] == ["parameter"]
    assert shell("runs", "why", "1", "1").out == "Runs 1 and 1 have equal results.\n"


@pytest.mark.parametrize(
    "options", [("--metric", "score"), ("--metric", "a.b", "--output", "a.b"), ("--output", ".x")]
)
def test_why_needs_the_node_of_a_result(shell, two, options) -> None:
    assert shell("runs", "why", "1", "2", *options).code == 2


def test_metrics_are_shown_over_runs(shell, two) -> None:
    lines = shell("runs", "metric-history", "--executable", "m.py").out.splitlines()
    assert [line.split()[-1] for line in lines] == ["main.score", "0.5", "0.75"]
