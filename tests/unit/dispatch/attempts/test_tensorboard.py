"""The folder of the logs for TensorBoard, and the program that shows them."""

import sys
from pathlib import Path

import msgspec
import pytest

from nbyard.attempts import monitor_link_files
from nbyard.attempts.folders import write_task
from nbyard.dispatch.attempts.monitor_controller import last_log_line, logs_of, program_for
from nbyard.domain.attempts.structs import CommandWork, Output, Surroundings, TaskFile


@pytest.fixture
def folder(tmp_path) -> Path:
    output = {"logs": Output("outputs/logs/logs", "folder")}
    work = CommandWork(["true"])
    write_task(tmp_path, TaskFile("a", "t", "m", work, output, directory="code/train"))
    return tmp_path


def test_logs_are_below_the_working_directory_or_an_output(folder):
    assert logs_of(folder, "runs") is None and logs_of(folder, "logs") is None
    (folder / "code/train/runs").mkdir(parents=True)
    (folder / "outputs/logs/logs").mkdir(parents=True)
    assert logs_of(folder, "runs") == folder / "code/train/runs"
    assert logs_of(folder, "logs") == folder / "outputs/logs/logs"


def made(place: Path) -> str:
    place.mkdir()
    (place / "tensorboard").write_text("#!/bin/sh\n")
    (place / "tensorboard").chmod(0o755)
    return str(place / "tensorboard")


def test_the_tensorboard_of_the_environment_comes_first(folder, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(folder / "ours" / "python"))
    monkeypatch.setenv("PATH", str(folder / "path"))
    assert program_for(folder) == ""
    on_path = made(folder / "path")
    assert program_for(folder) == on_path
    beside = made(folder / "ours")
    assert program_for(folder) == beside
    told = Surroundings({}, "", str(folder / "own" / "python"), "", "", "", "")
    (folder / "surroundings.json").write_bytes(msgspec.json.encode(told))
    assert program_for(folder) == beside
    own = made(folder / "own")
    assert program_for(folder) == own


def test_the_last_line_of_tensorboard_is_the_reason(tmp_path):
    assert last_log_line(tmp_path, "a") == ""
    (tmp_path / monitor_link_files.FOLDER).mkdir()
    monitor_link_files.log_path(tmp_path, "a").write_text("first\nlast \n\n")
    assert last_log_line(tmp_path, "a") == "last"
