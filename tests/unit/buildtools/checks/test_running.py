"""The folder for temporary files; tests/integration/buildtools runs steps."""

import os
from pathlib import Path

import pytest

from checks import running

TOO_LARGE = 2**22 + 1  # no process has this id


def test_a_check_deletes_the_folders_of_checks_that_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / f"nbcheck-{os.getpid()}"
    ended = tmp_path / f"nbcheck-{TOO_LARGE}"
    other = tmp_path / f"other-{TOO_LARGE}"
    for folder in (mine, ended, other):
        folder.mkdir()
    commands: list[list[str]] = []
    monkeypatch.setattr(running, "SCRATCH", mine)
    monkeypatch.setattr("subprocess.Popen", lambda words, **_options: commands.append(words))
    running.make_scratch(in_memory=False)
    assert [command[-1] for command in commands] == [str(ended)]


@pytest.mark.parametrize(("gigabytes", "mounts"), [(7, False), (40, True)])
def test_temporary_files_are_in_memory_if_there_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gigabytes: int, mounts: bool
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(running, "SCRATCH", tmp_path / f"nbcheck-{os.getpid()}")
    monkeypatch.setattr(running, "_available_bytes", lambda: gigabytes * 2**30)
    monkeypatch.setattr("subprocess.run", lambda words, **_options: commands.append(words))
    running.make_scratch(in_memory=True)
    running.drop_scratch()  # nothing is mounted
    assert [command[0] for command in commands] == ["mount"] * mounts


def test_memory_that_a_failure_keeps_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SCRATCH", tmp_path)
    assert list(running.kept_scratch()) == [], "the disk has the files"
    monkeypatch.setattr(Path, "is_mount", lambda _path: True)
    (line,) = running.kept_scratch()
    assert line.endswith(f"umount --lazy {tmp_path}")


def test_a_longer_loop_takes_more_processor_time() -> None:
    assert running.loop_seconds(300_000) > running.loop_seconds(3_000) > 0
