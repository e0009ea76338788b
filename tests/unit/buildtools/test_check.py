"""The command line of the check: its exit codes, and what it refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import check
from checks import plan, records
from checks.plan import Stage, Step
from checks.records import State
from checks.results import processor
from checks.running import Runner

Steps = Callable[..., None]
JUNIT = (
    '<testsuite><testcase classname="a" name="c"/>'
    '<testcase classname="a" name="b"><failure message="no"/></testcase></testsuite>'
)


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Return a function that replaces the steps of the whole check."""
    monkeypatch.setattr(plan, "RECORDS", tmp_path)
    monkeypatch.setattr(check, "make_scratch", lambda **_options: None)
    monkeypatch.setattr(check, "set_up", lambda groups: True)
    monkeypatch.setattr(check, "loop_seconds", lambda: 0.25)
    nowhere = State("", "", "")
    monkeypatch.setattr(check, "state", lambda: nowhere)
    monkeypatch.setattr(records, "changed_files", lambda began: [])

    def replace(*made: Step) -> None:
        monkeypatch.setattr(check, "everything", lambda: (Stage(made, 2.0),))

    return replace


def test_a_check_without_failures_returns_0(steps: Steps, capsys: pytest.CaptureFixture[str]):
    steps(Step("good", ("true",)), Step("fine", ("true",)))
    assert check.main([]) == 0
    assert "2 passed, 0 failed" in capsys.readouterr().out.splitlines()[-1]


def test_a_failed_step_returns_1_and_is_named(steps: Steps, capsys: pytest.CaptureFixture[str]):
    steps(Step("good", ("true",)), Step("bad", ("false",)))
    assert check.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("FAILED: bad (")
    assert "1 passed, 1 failed" in lines[-1]


def test_a_part_of_a_lane_with_long_tests_only_returns_0(
    steps: Steps, capsys: pytest.CaptureFixture[str]
):
    steps(Step("part", ("sh", "-c", "exit 5"), long_lanes=("podman",)))
    assert check.main([]) == 0
    assert "./check --full podman" in capsys.readouterr().out
    steps(Step("whole", ("sh", "-c", "exit 5")))
    assert check.main([]) == 1


def test_a_check_records_commit_time_steps_tests_and_failures(
    steps: Steps,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    before = State("1234", "", "2026-11-28T08:00:00Z")
    monkeypatch.setattr(check, "state", lambda: before)
    monkeypatch.setattr(records, "changed_files", lambda began: ["a.py"] if began is before else [])
    bad = Step("bad", ("sh", "-c", f"echo '{JUNIT}' > {tmp_path}/bad.xml; exit 1"))
    steps(Step("good", ("true",)), bad)
    assert check.main([]) == 1
    record = json.loads((tmp_path / "result.json").read_text())
    assert (record["commit"], record["time"]) == ("1234", "2026-11-28T08:00:00Z")
    assert record["changed_files"] == ["a.py"]
    assert {step["name"]: step["failed"] for step in record["steps"]} == {
        "good": False,
        "bad": True,
    }
    assert record["tests"] == {"passed": 1, "failed": 1, "skipped": 0}
    assert record["failures"] == ["a::b"]
    assert "a.py" in capsys.readouterr().out.splitlines()[-2]


def test_a_check_records_its_processor_time_and_that_of_a_fixed_loop(
    steps: Steps, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    steps(Step("busy", ("python", "-c", "sum(range(3 * 10**7))")), Step("good", ("true",)))
    assert check.main([]) == 0
    record = json.loads((tmp_path / "result.json").read_text())
    seconds = {step["name"]: step["cpu_seconds"] for step in record["steps"]}
    assert seconds["busy"] > seconds["good"]
    assert record["cpu_seconds"] == pytest.approx(sum(seconds.values()), abs=0.11)
    assert record["loop_seconds"] == 0.25
    line = processor(record["cpu_seconds"], 0.25, record["idle_seconds"])
    assert line in capsys.readouterr().out.splitlines()


def test_a_failed_set_up_returns_1(
    steps: Steps,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(check, "set_up", lambda groups: False)
    steps(Step("good", ("touch", str(tmp_path / "ran"))))
    assert check.main([]) == 1
    assert not (tmp_path / "ran").exists()


def test_an_unknown_path_returns_2(steps: Steps, capsys: pytest.CaptureFixture[str]):
    assert check.main(["nowhere.py"]) == 2
    assert "There is no nowhere.py" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--fast", "tests/unit"],
        ["--changed", "main", "tests/unit"],
        ["tests/unit", "--full", "soak"],
    ],
)
def test_a_mode_with_paths_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stopped:
        check.arguments(words)  # not `main`: without the refusal, it would run the tests
    assert stopped.value.code == 2
    assert "not both" in capsys.readouterr().err


def test_an_interrupted_check_returns_130(
    steps: Steps, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def interrupt(_runner: Runner, _stage: Stage) -> None:
        raise KeyboardInterrupt

    steps(Step("good", ("true",)))
    monkeypatch.setattr(Runner, "run", interrupt)
    assert check.main([]) == 130
    assert "Interrupted: " in capsys.readouterr().out


FAILED = """<testsuite><testcase classname="tests.unit.test_ids" name="test_a" time="1">
<failure message="no">trace</failure></testcase></testsuite>"""


def test_a_failed_part_says_how_to_try_it_without_the_change(
    steps: Steps,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    failing = Step(
        "unit-tests", ("sh", "-c", f"echo '{FAILED}' > {tmp_path}/unit-tests.xml; exit 1")
    )
    monkeypatch.setattr(check, "stages_of_paths", lambda root, paths: (Stage((failing,), 2.0),))
    monkeypatch.setattr(check, "changed_since", lambda root, revision: ["a.py"])
    assert check.main(["tests/unit"]) == 1
    assert "git stash -u && { ./check tests/unit/test_ids.py; git stash pop; }" in (
        capsys.readouterr().out
    )
    steps(failing)
    assert check.main([]) == 1
    assert "git stash" not in capsys.readouterr().out
    monkeypatch.setattr(check, "changed_since", lambda root, revision: [])
    check.main(["tests/unit"])
    assert "git stash" not in capsys.readouterr().out, "an older stash would be restored"


def test_a_check_says_that_it_sets_up(steps: Steps, capsys: pytest.CaptureFixture[str]):
    steps(Step("good", ("true",)))
    check.main([])
    assert capsys.readouterr().out.startswith("Set-up: ")


def test_a_lane_with_too_many_tests_fails_the_check(
    steps: Steps, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    steps(Step("good", ("true",)))
    monkeypatch.setattr(check, "too_many", lambda outcomes: ["TOO MANY TESTS: faults"])
    monkeypatch.setattr(check, "slow_tests", lambda outcomes: ["SLOW: 30 s"])
    assert check.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:-1] == ["SLOW: 30 s", "TOO MANY TESTS: faults"]
