"""Committed files by default, tracked or all others on request."""

import io
import os
import subprocess
import zipfile

import pytest

from nbyard.errors import Invalid, NotFound, TooLarge
from nbyard.host.git import run_git
from nbyard.transfer import project_folders
from nbyard.transfer.bundles import SecretFilter
from nbyard.transfer.project_folders import (
    pack_files,
    project_folder,
    select_files,
    uncommitted_files,
)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "outer" / "wine"
    made.mkdir(parents=True)
    (made / "nbyard.toml").write_text("one")
    (made / "deep").mkdir()
    (made / "deep" / "a.py").write_text("committed")
    (made / "run.sh").write_text("x")
    (made / "run.sh").chmod(0o755)
    (made / ".gitignore").write_text("*.log\n")
    return made


@pytest.fixture
def git(folder, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def run(*words):
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        subprocess.run(
            ["git", *identity, *words], cwd=folder.parent, check=True, capture_output=True
        )

    (folder.parent / "beside.py").write_text("")
    run("init", "--quiet")
    run("add", ".")
    run("commit", "--quiet", "-m", "All")
    (folder / "deep" / "a.py").write_text("changed")
    (folder / "new.py").write_text("new")
    (folder / "noise.log").write_text("noise")
    return run


COMMITTED = [".gitignore", "deep/a.py", "nbyard.toml", "run.sh"]


def test_committed_files_have_their_committed_bytes(git, folder):
    found = select_files(folder, "committed")
    assert sorted(found) == COMMITTED
    assert found["deep/a.py"].content == b"committed"
    assert [path for path, one in found.items() if one.executable] == ["run.sh"]


def test_tracked_files_have_their_changes(git, folder):
    (folder / "run.sh").unlink()
    found = select_files(folder, "tracked")
    assert sorted(found) == [".gitignore", "deep/a.py", "nbyard.toml"]
    assert found["deep/a.py"].content == b"changed"


def test_current_files_are_all_that_are_not_ignored(git, folder):
    found = select_files(folder, "current")
    assert sorted(found) == [".gitignore", "deep/a.py", "nbyard.toml", "new.py", "run.sh"]
    (folder / ".nbyardignore").write_text("deep/\nnew.*\n")
    assert sorted(select_files(folder, "current")) == [
        *(".gitignore", ".nbyardignore", "nbyard.toml", "run.sh"),
    ]


def test_without_git_only_current_files_can_be_sent(folder):
    (folder / "noise.log").write_text("noise")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_text("")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "a.ipynb").write_text("")
    assert sorted(select_files(folder, "current")) == COMMITTED
    for choice in ("committed", "tracked"):
        with pytest.raises(Invalid, match="no readable Git commit") as refused:
            select_files(folder, choice)
        assert "--current" in str(refused.value.hint_reason)


def test_files_of_secrets_are_not_sent(git, folder):
    names = ("local.nbvars", ".env", "deep/tls.pem", "id_rsa")
    for name in names:
        (folder / name).write_text("KEY=s3cr3t")
    git("add", "wine")
    git("commit", "--quiet", "-m", "Secrets")
    for choice in ("committed", "tracked", "current"):
        secrets = SecretFilter(folder)
        assert not {*names} & set(select_files(folder, choice, secrets))
        assert secrets.left_out == {*names}
    (folder / ".nbyardignore").write_text("!.env\n!*.pem\nid_rsa\n")
    secrets = SecretFilter(folder)
    assert ".env" in select_files(folder, "current", secrets)
    assert secrets.left_out == {"local.nbvars", "deep/tls.pem"}


def test_links_and_special_files_are_not_sent(git, folder):
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    git("add", "wine/link")
    git("commit", "--quiet", "-m", "Link")
    for choice in ("committed", "tracked", "current"):
        assert not {"link", "pipe"} & set(select_files(folder, choice))


def test_the_project_file_is_part_of_the_selection(git, folder):
    git("rm", "--quiet", "--cached", "wine/nbyard.toml")
    git("commit", "--quiet", "-m", "Without")
    with pytest.raises(Invalid, match="is not committed"):
        select_files(folder, "committed")
    with pytest.raises(Invalid, match="not tracked"):
        select_files(folder, "tracked")
    assert "nbyard.toml" in select_files(folder, "current")


def test_too_large_selections_are_refused(folder, monkeypatch):
    monkeypatch.setattr(project_folders, "MOST_BYTES", 10)
    with pytest.raises(TooLarge, match="nbyardignore"):
        select_files(folder, "current")


def test_the_folder_is_the_nearest_with_a_project_file(folder):
    assert project_folder(folder / "deep") == folder
    with pytest.raises(NotFound, match=r"nbyard\.toml"):
        project_folder(folder.parent)


def test_equal_files_make_equal_archives(folder):
    files = select_files(folder, "current")
    packed = pack_files(files, ["deep/a.py", "run.sh"])
    assert pack_files(select_files(folder, "current"), ["deep/a.py", "run.sh"]) == packed
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.read("deep/a.py") == b"committed"
        assert archive.getinfo("run.sh").external_attr >> 16 & 0o111


def test_files_that_no_commit_has_are_named(folder, git):
    paths = ["deep/a.py", "run.sh", "new.py", "noise.log", "gone.py"]
    assert uncommitted_files(folder, paths) == ["deep/a.py", "new.py", "noise.log"]
    assert uncommitted_files(folder, []) == []


def test_many_files_are_passed_to_git_in_parts(folder, git, monkeypatch):
    monkeypatch.setattr(project_folders, "MOST_PATHS", 2)
    paths = ["deep/a.py", "run.sh", "new.py", "noise.log", "*.py"]
    assert uncommitted_files(folder, paths) == ["deep/a.py", "new.py", "noise.log"]


@pytest.mark.parametrize("command", ["diff", "ls-files"])
def test_if_git_fails_no_file_is_named(folder, git, monkeypatch, command):
    def fail(place, *words, seconds):
        return None if words[0] == command else run_git(place, *words, seconds=seconds)

    monkeypatch.setattr(project_folders, "run_git", fail)
    assert uncommitted_files(folder, ["new.py"]) == []


def test_without_a_repository_no_file_is_named(folder):
    assert uncommitted_files(folder, ["run.sh"]) == []
