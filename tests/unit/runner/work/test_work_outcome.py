"""What became of the work, in words."""

import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from nbyard.reasons.structs import read_reason
from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.reasons import because
from nbyard.runner.work import work_outcome


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    (tmp_path / "outputs").mkdir()
    return AttemptFolder(str(tmp_path))


def message(failure: Any) -> str:
    return str(read_reason(failure["reason"]))


def test_statuses() -> None:
    """Exit code 3 is "exit code 3", with the last lines."""
    assert work_outcome.failure_of_status(0, "") is None
    found = work_outcome.failure_of_status(3 << 8, "last")
    cause = because("command-exited", exit_code=3)
    assert found == {
        "kind": "exit-code",
        "reason": because("exited-after-line", cause=cause, line="last"),
        "exit_code": 3,
        "traceback": "last",
    }
    assert message(found) == "exit code 3: last"
    found = work_outcome.failure_of_status(3 << 8, "")
    assert found is not None and found["reason"] == cause
    found = work_outcome.failure_of_status(signal.SIGSEGV, "")
    assert found is not None and found["reason"] == because(
        "ended-by-signal", signal=11, name="SIGSEGV"
    )
    found = work_outcome.failure_of_status(signal.SIGKILL, "last")
    assert found is not None and found["reason"] == because(
        "ended-by-signal", signal=9, name="SIGKILL"
    )
    assert (found["kind"], found["traceback"]) == ("lost", "last"), "as of a container"
    assert "signal 64" in message(work_outcome.failure_of_status(64, ""))


@pytest.mark.parametrize(
    ("last_lines", "shown"),
    [
        ("Traceback:\n  x\nNameError: name 'x'\n\n  \n", "exit code 1: NameError: name 'x'"),
        ("\x1b[31;1mno cow\x1b[0m\n", "exit code 1: no cow"),
        ("bad\n[nbyard: the log has reached its limit]\n", "exit code 1: bad"),
        ("[nbyard: x]\n \n", "exit code 1"),
        ("a" * 200, f"exit code 1: {'a' * 200}"),
        ("a" * 201, f"exit code 1: {'a' * 199}…"),
    ],
)
def test_an_exit_code_comes_with_the_last_line_of_the_output(last_lines: str, shown: str) -> None:
    found = work_outcome.failure_of_status(1 << 8, last_lines)
    assert found is not None and message(found) == shown


def test_an_exit_code_with_a_meaning_keeps_it_before_the_last_line() -> None:
    found = work_outcome.failure_of_exit_code(75, "busy\n", {"temporary": [75]})
    assert found is not None and found["exit_code"] == 75
    assert message(found).startswith("exit code 75, ") and message(found).endswith(": busy")


def test_silent_notebooks_were_killed() -> None:
    assert work_outcome.failure_of_notebook(0, {"failure": None}, "") is None
    reported = work_outcome.failure_record("error", because("raised-bare", name="x"))
    assert work_outcome.failure_of_notebook(0, {"failure": reported}, "") == reported
    for status, words in ((9, "signal 9"), (3 << 8, "exit code 3")):
        found = work_outcome.failure_of_notebook(status, None, "")
        assert found is not None and found["kind"] == "kernel-died" and words in message(found)


def test_an_exception_of_the_runner_is_a_failure_with_its_reason() -> None:
    found = work_outcome.failure_of_notebook(1 << 8, None, "Traceback …\nKeyError: 'metadata'\n")
    assert found is not None and found["kind"] == "preparation"
    assert "KeyError: 'metadata'" in message(found)


def test_sizes_are_rendered() -> None:
    sizes = [work_outcome.words_for_bytes(size) for size in (5, 2048, 5 << 20, 3 << 30, 5 << 40)]
    assert sizes == ["5 bytes", "2 KiB", "5 MiB", "3.0 GiB", "5120.0 GiB"]


def outputs(*names: str, required: bool = True) -> dict:
    return {name: {"path": f"outputs/{name}", "required": required} for name in names}


def test_outputs(folder: AttemptFolder) -> None:
    Path(folder.at("outputs/a")).write_text("x")
    Path(folder.at("outputs/b")).mkdir()
    os.symlink("a", folder.at("outputs/c"))
    present, broken = work_outcome.check_outputs(folder, outputs("a", "b", "c"))
    assert (present, broken) == (["a", "b", "c"], None)
    present, broken = work_outcome.check_outputs(folder, outputs("a", "d"))
    assert present == ["a"] and broken is not None and "'d'" in message(broken)
    assert work_outcome.check_outputs(folder, outputs("d", required=False)) == ([], None)


@pytest.mark.parametrize("make", ["link", "deep", "fifo", "dangling"])
def test_invalid_outputs_are_failures(folder: AttemptFolder, make: str) -> None:
    """Also when they are not required."""
    place = folder.at("outputs/a")
    if make == "deep":
        os.makedirs(f"{place}/b")
        os.symlink("/etc", f"{place}/b/c")
    elif make == "fifo":
        os.mkfifo(place)
        assert stat.S_ISFIFO(os.stat(place).st_mode)
    else:
        os.symlink("/etc/passwd" if make == "link" else "nothing", place)
    present, broken = work_outcome.check_outputs(folder, outputs("a", required=False))
    assert present == [] and broken is not None and broken["kind"] == "contract"
