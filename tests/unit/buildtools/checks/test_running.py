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
    running.make_scratch()
    assert [command[-1] for command in commands] == [str(ended)]
