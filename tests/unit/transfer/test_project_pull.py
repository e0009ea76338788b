"""The files that a pull writes."""

import io
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.domain.projects.definitions import (
    FILE,
    ProjectDefinition,
    PulledProject,
    read_definition,
)
from nbyard.domain.projects.schedule_entries import ScheduleEntry
from nbyard.domain.projects.structs import NewProject
from nbyard.errors import Invalid
from nbyard.transfer.project_folders import Pull, SelectedFile

TOML = b'[project]\nname = "wine"  # a name\n'


def server(definition: ProjectDefinition | None = None, **files: bytes) -> Any:
    contents = {FILE: TOML, **{name.replace("_", "/"): text for name, text in files.items()}}
    described = {path: SelectedFile(content).described for path, content in contents.items()}
    pulled = PulledProject(definition or read_definition(TOML), described)
    return SimpleNamespace(
        projects=SimpleNamespace(definition=lambda project: pulled),
        project_file=lambda name, path: (io.BytesIO(contents[path]), path),
    )


def apply(connection: Any, pulled: Pull) -> None:
    for path in pulled.missing:
        source, _ = connection.project_file(pulled.name, path)
        with pulled.writing(path) as target:
            target.write(source.read())
    pulled.write_definition()


def changes(pulled: Pull) -> list[str]:
    return [f"{one.action} {one.name}" for one in pulled.plan.changes]


def test_a_new_folder_gets_all_files_once(tmp_path):
    connection = server(a=b"1", deep_b=b"2")
    pulled = Pull.of(connection, "wine", tmp_path / "wine")
    assert changes(pulled) == ["add a", "add deep/b", "add nbyard.toml"]
    apply(connection, pulled)
    assert (tmp_path / "wine/deep/b").read_bytes() == b"2"
    assert (tmp_path / "wine" / FILE).read_bytes() == TOML
    assert changes(Pull.of(connection, "wine", tmp_path / "wine")) == []


def test_a_project_of_another_user_is_pulled_by_its_name_with_the_owner(tmp_path, monkeypatch):
    """Its plain name means an own project."""
    monkeypatch.chdir(tmp_path)
    connection, asked = server(a=b"1"), list[str]()
    fetch = connection.project_file

    def fetched(name: str, path: str) -> Any:
        asked.append(name)
        return fetch(name, path)

    connection.project_file = fetched
    pulled = Pull.of(connection, "ann/wine", None)
    apply(connection, pulled)
    assert {*asked} == {"ann/wine"} and (tmp_path / "wine" / "a").read_bytes() == b"1"


def test_files_that_the_server_lacks_are_kept(tmp_path):
    (tmp_path / "own").write_text("mine")
    (tmp_path / "a").write_text("old")
    connection = server(a=b"1")
    pulled = Pull.of(connection, "wine", tmp_path)
    assert changes(pulled) == ["change a", "add nbyard.toml"]
    apply(connection, pulled)
    assert (tmp_path / "own").read_text() == "mine"
    assert (tmp_path / "a").read_text() == "1"


def test_server_changes_are_written_into_the_project_file(tmp_path):
    (tmp_path / FILE).write_text('# mine\n[project]\nname = "wine"\n')
    wanted = ProjectDefinition(NewProject("wine"), {"morning": ScheduleEntry("@daily", "a")})
    connection = server(wanted, a=b"1")
    apply(connection, Pull.of(connection, "", tmp_path))
    text = (tmp_path / FILE).read_text()
    assert text.startswith("# mine\n") and read_definition(text.encode()) == wanted
    assert changes(Pull.of(connection, "", tmp_path)) == []


def test_a_file_of_another_form_but_equal_content_stays(tmp_path):
    own = '# mine\n[project]\nname = "wine"\n'
    (tmp_path / FILE).write_text(own)
    assert changes(Pull.of(server(), "", tmp_path)) == []


def test_a_folder_is_chosen_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    assert Pull.of(server(), "wine", None).folder == tmp_path / "deep" / "wine"
    (tmp_path / FILE).write_bytes(TOML)
    assert Pull.of(server(), "wine", None).folder == tmp_path
    (tmp_path / FILE).write_text('[project]\nname = "beer"\n')
    assert Pull.of(server(), "wine", None).folder == tmp_path / "deep" / "wine"


def test_nothing_is_written_outside_of_the_folder(tmp_path):
    (tmp_path / "wine").mkdir()
    (tmp_path / "wine" / "deep").symlink_to(tmp_path)
    with pytest.raises(Invalid):
        Pull.of(server(deep_b=b"2"), "wine", tmp_path / "wine")
    for path in ("..", ".git/hooks/post-checkout", ".GIT/config", "sub/.git\u200c/config"):
        connection = server(None, **{path: b"2"})
        with pytest.raises(Invalid):
            Pull.of(connection, "wine", tmp_path / "wine")


def test_executable_files_stay_executable(tmp_path):
    connection = server(a=b"1")
    files = connection.projects.definition("wine").files
    files["a"] = SelectedFile(b"1", executable=True).described
    apply(connection, Pull.of(connection, "wine", tmp_path))
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755
    assert changes(Pull.of(connection, "wine", tmp_path)) == []
    files["a"] = SelectedFile(b"1").described
    assert changes(Pull.of(connection, "wine", tmp_path)) == ["change a"]
    apply(connection, Pull.of(connection, "wine", tmp_path))
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
