"""Git runs without programs of the repository, and never blocks."""

import os
import time

from nbyard.host.git import git_process
from nbyard.host.git.git_process import repository_root, run_git


def test_what_git_prints_is_returned(git, folder):
    assert run_git(folder, "rev-parse", "HEAD") == (git("rev-parse", "HEAD") + "\n").encode()
    assert run_git(folder, "rev-parse", "nothing") is None


def test_without_git_there_is_nothing(git, folder, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run_git(folder, "rev-parse", "HEAD") is None


def test_variables_do_not_choose_another_repository(git, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    assert run_git(folder, "rev-parse", "HEAD") is not None


def test_a_program_of_the_repository_is_not_started(git, folder, tmp_path):
    program = tmp_path / "hook"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    git("config", "core.fsmonitor", str(program))
    git("config", "core.hooksPath", str(tmp_path))
    assert run_git(folder, "status", "--porcelain") == b""
    assert not (tmp_path / "started").exists()


def test_a_slow_git_is_given_up(folder, tmp_path, monkeypatch):
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    before = time.monotonic()
    assert run_git(folder, "status", seconds=0.2) is None
    assert time.monotonic() - before < 20


def test_the_root_is_found_without_git(git, folder, monkeypatch):
    monkeypatch.setattr(git_process, "run_git", None)
    (folder / "deep" / "er").mkdir(parents=True)
    assert repository_root(folder / "deep" / "er") == folder
    assert repository_root(folder) == folder
    assert repository_root(folder.parent) is None
