"""The command line of the check: its exit codes, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

import pytest

import check
from checks import plan
from checks.plan import Stage, Step
from checks.running import Runner

Steps = Callable[..., None]


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Steps:
    """Return a function that replaces the steps of the whole check."""
    monkeypatch.setattr(plan, "RECORDS", tmp_path)
    monkeypatch.setattr(check, "make_scratch", lambda: None)
    monkeypatch.setattr(check, "set_up", lambda groups: True)

    def replace(*made: Step) -> None:
        monkeypatch.setattr(check, "everything", lambda: (Stage(made, 2.0),))

    return replace


def test_a_check_without_failures_returns_0(steps: Steps, capsys: pytest.CaptureFixture[str]):
    steps(Step("good", ("true",)), Step("fine", ("true",)))
    assert check.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Steps: 2 passed, 0 failed.")


def test_a_failed_step_returns_1_and_is_named(steps: Steps, capsys: pytest.CaptureFixture[str]):
    steps(Step("good", ("true",)), Step("bad", ("false",)))
    assert check.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("FAILED: bad (")
    assert lines[-1].startswith("Steps: 1 passed, 1 failed.")


def test_a_part_of_a_lane_with_long_tests_only_returns_0(
    steps: Steps, capsys: pytest.CaptureFixture[str]
):
    steps(Step("part", ("sh", "-c", "exit 5"), long_lanes=("podman",)))
    assert check.main([]) == 0
    assert "./check --full podman" in capsys.readouterr().out
    steps(Step("whole", ("sh", "-c", "exit 5")))
    assert check.main([]) == 1


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
    assert "Interrupted: every step is stopped." in capsys.readouterr().out
