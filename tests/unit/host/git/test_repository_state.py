"""The commit, the branch and the changes of the code of a run."""

import os
from pathlib import Path

import pytest

from nbyard.host.git import repository_state, repository_version


@pytest.fixture
def code(git, folder):
    return folder / "a.py"


def test_a_commit_and_its_branch(git, code):
    found = repository_state([code])
    assert found is not None
    assert (found.commit, found.branch, found.is_dirty) == (git("rev-parse", "HEAD"), "main", False)
    assert str(found) == f"main {found.commit[:10]}"


def test_a_change_of_a_tracked_file_is_dirty(git, code, folder):
    code.write_text("print(1)\n")
    found = repository_state([code])
    assert found is not None and found.is_dirty
    assert str(found).endswith("+ changes")
    git("stash")
    (folder / "other.py").write_text("")
    git("add", "other.py")
    staged = repository_state([code])
    assert staged is not None and staged.is_dirty


def test_code_that_is_not_tracked_is_dirty(code, folder):
    (folder / "output.csv").write_text("x\n")
    clean = repository_state([code])
    assert clean is not None and not clean.is_dirty
    (folder / "b [1].py").write_text("print()\n")
    for files in ([folder / "b [1].py"], [code, folder / "b [1].py"]):
        found = repository_state(files)
        assert found is not None and found.is_dirty


def test_files_outside_do_not_matter(code, tmp_path):
    (tmp_path / "elsewhere.py").write_text("")
    found = repository_state([code, tmp_path / "elsewhere.py"])
    assert found is not None and not found.is_dirty


def test_a_detached_commit_has_no_branch(git, code):
    git("checkout", "--quiet", "--detach")
    found = repository_state([code])
    assert found is not None and found.branch == ""


def test_a_worktree_has_its_own_branch(git, code, tmp_path):
    git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    found = repository_state([tmp_path / "tree" / "a.py"])
    assert found is not None and found.branch == "other"


def test_nothing_is_recorded_without_a_readable_repository(git, code, folder, tmp_path):
    assert repository_state([]) is None
    assert repository_state([tmp_path / "a.py"]) is None
    (folder / ".git" / "HEAD").write_text("broken")
    assert repository_state([code]) is None


def test_a_repository_without_a_commit(tmp_path, git):
    made = tmp_path / "new"
    made.mkdir()
    git("init", "--quiet", str(made))
    (made / "a.py").write_text("")
    assert repository_state([made / "a.py"]) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_repository_of_another_user_is_not_read(code, folder):
    for path in (folder, folder / ".git"):
        os.chown(path, 65534, 65534)
    assert repository_state([Path(code)]) is None


def test_the_version_is_the_newest_tag_else_the_commit(git, code, folder, tmp_path):
    assert repository_version(folder) == git("rev-parse", "--short", "HEAD")
    git("tag", "v1")
    git("commit", "--quiet", "--allow-empty", "--message", "more")
    assert repository_version(folder) == "v1"
    git("tag", "v2")
    assert repository_version(folder) == "v2"
    assert repository_version(tmp_path) == ""
