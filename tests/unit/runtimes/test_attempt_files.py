"""What work could write into is read without following a link."""

import os

import msgspec

from nbyard.attempts.folders import cancel_reason, request_stop
from nbyard.domain.attempts.structs import CommandWork, Result, TaskFile
from nbyard.reasons.structs import because
from nbyard.runtimes import attempt_files as files


def test_the_first_result_is_kept(tmp_path):
    first = Result("a", "t", "succeeded", 0, 1)
    files.write_result(tmp_path, first)
    files.write_result(tmp_path, Result("a", "t", "failed", 0, 1))
    assert files.read_result(tmp_path) == first
    files.write_result(tmp_path, Result("a", "t", "cancelled", 0, 1), replace=True)
    assert os.listdir(tmp_path) == ["result.json"]


def test_links_are_not_read(tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "cancel").symlink_to(tmp_path / "secret")
    assert cancel_reason(tmp_path) is None
    os.mkfifo(tmp_path / "result.json")
    assert files.read_result(tmp_path) is None


def test_an_unstarted_attempt_is_cancelled_with_its_reason(tmp_path):
    task = TaskFile("a", "t", "m", CommandWork(["x"]), {})
    (tmp_path / "task.json").write_bytes(msgspec.json.encode(task))
    request_stop(tmp_path, because("text", text="Ada asked"))
    files.cancel_unstarted(tmp_path)
    result = files.read_result(tmp_path)
    assert result is not None and result.failure is not None
    assert (result.state, result.token, result.failure.message) == ("cancelled", "t", "Ada asked")
