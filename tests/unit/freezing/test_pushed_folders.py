"""Where the files of pushed projects are."""

from types import SimpleNamespace
from typing import Any

from nbyard.freezing.pushed_folders import (
    folder_of,
    folder_of_pushes,
    in_push,
    push_of,
    pushed_path,
    pushed_project,
)


def test_files_of_a_push_are_those_of_its_project(tmp_path):
    store: Any = SimpleNamespace(folder=tmp_path)
    folder = folder_of(store, "wine-id")
    assert pushed_project(store, folder / "digest" / "a.py") == "wine-id"
    assert pushed_project(store, folder) == "wine-id"
    assert pushed_project(store, tmp_path / "a.py") == ""
    assert pushed_project(store, tmp_path / "projects2" / "a.py") == ""


def test_a_pushed_file_has_its_path_in_the_project(tmp_path):
    store: Any = SimpleNamespace(folder=tmp_path)
    folder = folder_of_pushes(store)
    assert pushed_path(folder, str(folder / "wine-id/digest/a/b.nbflow")) == "a/b.nbflow"
    assert pushed_path(folder, str(tmp_path / "b.nbflow")) == ""
    assert pushed_path(folder, "a-workflow-id") == ""


def test_pushes_of_a_project_have_the_same_files(tmp_path):
    store: Any = SimpleNamespace(folder=tmp_path)
    project = folder_of_pushes(store) / "wine-id"
    push = push_of(store, project / "new" / "a" / "b.nbflow")
    assert push == project / "new"
    assert in_push(push, str(project / "old" / "a" / "b.nbflow")) == project / "new/a/b.nbflow"
    assert in_push(push, str(tmp_path / "b.nbflow")) is None
    assert push_of(store, tmp_path / "b.nbflow") is None


def test_a_store_behind_a_link_has_real_paths(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    store: Any = SimpleNamespace(folder=tmp_path / "link")
    assert folder_of(store, "p") == (tmp_path / "real").resolve() / "projects" / "p"
