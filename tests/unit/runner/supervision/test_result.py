"""The result of an attempt is written, whatever the disk does."""

import json
import time
from pathlib import Path

import msgspec
import pytest

from nbyard.domain.attempts.structs import Failure, Result
from nbyard.reasons.structs import because
from nbyard.runner import reasons as runner_reasons
from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.supervision.start_supervisor import write_result
from nbyard.runner.supervision.supervisor import Reserve
from nbyard.runner.work.work_outcome import failure_record

TASK = {"attempt_id": "a", "token": "t"}


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    (tmp_path / "outputs").mkdir()
    return AttemptFolder(str(tmp_path))


def test_the_domain_reads_the_result(folder: AttemptFolder) -> None:
    failed = failure_record(
        "exit-code", runner_reasons.because("command-exited", exit_code=3), exit_code=3
    )
    told = {"state": "failed", "started_at": 1.0, "finished_at": 2.0, "failure": failed}
    write_result(folder, TASK, {**told, "outputs": [], "usage": {"cpu_seconds": 1.0}}, Reserve())
    found = msgspec.json.decode(Path(folder.at("result.json")).read_bytes(), type=Result)
    assert found.token == "t" and found.failure == Failure(
        "exit-code", because("command-exited", exit_code=3), exit_code=3
    )


def test_on_a_full_disk_the_reserve_is_released(
    folder: AttemptFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is kept."""
    reserve, given_back = Reserve(), []
    reserve.hold(folder.path)
    real = AttemptFolder.write_whole

    def release() -> bool:
        given_back.append(Reserve.release(reserve))
        return given_back[-1]

    def full(self: AttemptFolder, name: str, value: dict) -> None:
        if True not in given_back:
            raise OSError(28, "No space left on device")
        real(self, name, value)

    monkeypatch.setattr(AttemptFolder, "write_whole", full)
    monkeypatch.setattr(reserve, "release", release)
    write_result(folder, TASK, {"state": "succeeded"}, reserve)
    assert json.loads(Path(folder.at("result.json")).read_text())["state"] == "succeeded"
    assert given_back == [True]


def test_a_disk_that_stays_full_for_a_while(
    folder: AttemptFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    real = AttemptFolder.write_whole

    def full(self: AttemptFolder, name: str, value: dict) -> None:
        if len(waited) < 3:
            raise OSError(28, "No space left on device")
        real(self, name, value)

    monkeypatch.setattr(AttemptFolder, "write_whole", full)
    write_result(folder, TASK, {"state": "succeeded"}, Reserve())
    assert folder.has("result.json") and folder.has("heartbeat")
