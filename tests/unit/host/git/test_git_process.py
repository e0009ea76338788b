"""Git runs without programs of the repository, and never blocks."""

import os
import time

import pytest

from nbyard.host.git import repository_root, run_git


def test_the_output_of_git_is_returned(git, folder):
    assert run_git(folder, "rev-parse", "HEAD") == (git("rev-parse", "HEAD") + "\n").encode()
    assert run_git(folder, "rev-parse", "nothing") is None


def test_without_git_nothing_is_returned(git, folder, monkeypatch, tmp_path):
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


@pytest.mark.parametrize(
    "key",
    ["filter.f.clean", "filter.f.process", "filter.a=b.clean", "diff.f.textconv", "diff.external"],
)
@pytest.mark.parametrize("is_included", [False, True])
def test_no_filter_of_the_repository_is_started(git, folder, tmp_path, key, is_included):
    (folder / "read.me").write_text("1")
    (folder / ".gitattributes").write_text("*.me filter=f diff=f\n*.you filter=a=b\n")
    (folder / "read.you").write_text("1")
    git("add", "--all")
    git("commit", "--quiet", "-m", "files")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\ncat\n")
    program.chmod(0o755)
    if is_included:
        git("config", "--file", str(tmp_path / "more"), key, str(program))
        git("config", "include.path", str(tmp_path / "more"))
    else:
        git("config", key, str(program))
    for name in ("read.me", "read.you"):
        (folder / name).write_text("2")
    assert run_git(folder, "status", "--porcelain") == b" M read.me\n M read.you\n"
    assert run_git(folder, "diff", "--name-only", "HEAD") == b"read.me\nread.you\n"
    assert not (tmp_path / "started").exists()


def test_a_filter_of_the_user_is_used(git, folder, tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    git("config", "--global", "filter.f.clean", "tr a-z A-Z")
    (folder / ".gitattributes").write_text("*.me filter=f\n")
    (folder / "read.me").write_text("words")
    git("add", "--all")
    git("commit", "--quiet", "-m", "files")
    git("config", "filter.f.clean", f"touch {tmp_path}/started")
    (folder / "read.me").write_text("Words")
    assert run_git(folder, "status", "--porcelain") == b""
    assert not (tmp_path / "started").exists()


def test_no_missing_object_is_fetched(git, folder, tmp_path):
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    git("config", "core.repositoryformatversion", "1")
    git("config", "extensions.partialClone", "origin")
    for key, value in (("url", str(tmp_path)), ("promisor", "true"), ("uploadpack", str(program))):
        git("config", f"remote.origin.{key}", value)
    tree = git("rev-parse", "HEAD^{tree}")
    (folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    run_git(folder, "status", "--porcelain")
    assert not (tmp_path / "started").exists()


def test_a_slow_git_is_stopped(folder, tmp_path, monkeypatch):
    program = tmp_path / "git"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    before = time.monotonic()
    assert run_git(folder, "status", seconds=0.2) is None
    assert time.monotonic() - before < 20


def test_the_root_is_found_without_git(git, folder, monkeypatch):
    monkeypatch.setattr("nbyard.host.git.run_git", None)
    (folder / "deep" / "er").mkdir(parents=True)
    assert repository_root(folder / "deep" / "er") == folder
    assert repository_root(folder) == folder
    assert repository_root(folder.parent) is None
