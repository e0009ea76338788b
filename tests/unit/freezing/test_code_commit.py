"""A run records the commit of its code."""

import subprocess

import pytest
from tests.support.home_connections import DirectConnection

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.freezing.home_files import HomeFiles

ANN = Caller("ann")


@pytest.fixture
def commit(root, monkeypatch):
    """Commits everything below the root; returns the commit."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def run(*words):
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        done = subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def everything():
        run("init", "--quiet", "--initial-branch=main")
        run("add", ".")
        run("commit", "--quiet", "-m", "All")
        return run("rev-parse", "HEAD")

    return everything


def started(yard, **body):
    run = yard.services.runs.create(ANN, NewRun(**body))
    return yard.services.runs.get(ANN, run.id).run.git


def test_outside_a_repository_nothing_is_recorded(yard, root):
    (root / "a.py").write_text("print()\n")
    assert started(yard, path="a.py") is None


def test_a_run_records_commit_branch_and_changes(yard, root, commit):
    (root / "a.py").write_text("print()\n")
    made = commit()
    found = started(yard, path="a.py")
    assert (found.commit, found.branch, found.is_dirty) == (made, "main", False)
    (root / "a.py").write_text("print(1)\n")
    assert started(yard, path="a.py").is_dirty


def test_a_workflow_is_dirty_if_a_followed_file_is_not_tracked(yard, root, flow, commit):
    (root / "tool.py").rename(root / "kept")
    commit()
    (root / "kept").rename(root / "tool.py")
    assert started(yard, path=flow).is_dirty
    commit()
    assert not started(yard, path=flow).is_dirty


def test_a_retry_has_the_commit_of_its_run(yard, root, commit, dispatcher):
    (root / "a.py").write_text("raise SystemExit(3)\n")
    commit()
    run = yard.services.runs.create(ANN, NewRun(path="a.py"))
    runs = yard.services.runs
    dispatcher.until(lambda: runs.get(ANN, run.id), lambda d: d.run.state == "failed")
    (root / "a.py").write_text("print()\n")
    retried = runs.retry(ANN, run.id)
    assert runs.get(ANN, retried.id).run.git == runs.get(ANN, run.id).run.git


def test_an_executable_has_the_commit_of_its_file(yard, root, commit):
    (root / "a.py").write_text("print()\n")
    made = commit()
    started(yard, path="a.py")
    found = started(yard, executable="a")
    assert found.commit == made


def test_git_reads_nothing_in_a_mirror(yard):
    """A user could send files that look like a bare repository with programs in its settings."""
    service = DirectConnection(yard)
    (yard.context.files.root / "a.py").write_text("print()\n")
    HomeFiles(yard.context.files, service, yard.settings).send(["a.py"])
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    for words in (("init",), ("add", "homes"), (*identity, "commit", "-m", "All")):
        subprocess.run(["git", *words], cwd=yard.store.folder, check=True, capture_output=True)
    run = service.services.runs.create(ANN, NewRun(path="a.py"))
    assert service.services.runs.get(ANN, run.id).run.git is None
