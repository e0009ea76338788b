"""`nbyard run TOOL --job JOB`, and lists of files in `-p`."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from nbyard.cli.job_files import given_files
from nbyard.domain.arguments.bindings import Companion
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid

ARGUMENTS = [
    Argument("n", type="int"),
    Argument("a", role="input"),
    Argument("many", role="input", type="list", format="folder", companions=(Companion("^.idx"),)),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBYARD_SERVER", raising=False)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def connection(file: str = "tool.cwl") -> Any:
    version = SimpleNamespace(file=file, arguments=ARGUMENTS)
    return SimpleNamespace(
        executables=SimpleNamespace(
            inspect=lambda body: SimpleNamespace(arguments=ARGUMENTS),
            get=lambda executable: SimpleNamespace(current=version),
        )
    )


def test_a_job_gives_values_and_files(folder: Path) -> None:
    """What the command line sets has precedence. Files that are not on disk exist meanwhile."""
    literal = {"class": "File", "contents": "text", "basename": "said.txt"}
    many = [{"class": "File", "path": name} for name in ("a.txt", "b.txt")]
    (folder / "job.json").write_text(json.dumps({"n": 1, "a": literal, "many": many}))
    for body in (NewRun(path="tool.cwl"), NewRun(executable="tool")):
        with given_files(connection(), body, "job.json") as whole:
            assert whole.parameters == {"n": 1}
            said, listed = Path(whole.texts["a"]), Path(whole.texts["many"])
            assert (said.name, said.read_text()) == ("said.txt", "text")
            files = {path.name: path.read_text() for path in listed.iterdir()}
            assert files == {"a.txt": "a.txt", "b.txt": "b.txt"}
        assert not said.exists()
    own = NewRun(path="tool.cwl", parameters={"n": 2}, texts={"a": "b.txt", "many": "a.txt"})
    with given_files(connection(), own, "job.json") as whole:
        assert whole == own


def test_a_file_on_disk_is_its_path(folder: Path) -> None:
    (folder / "job.yml").write_text("a: {class: File, location: a%2Etxt}")
    with given_files(connection(), NewRun(path="tool.cwl"), "job.yml") as whole:
        assert whole.texts == {"a": str(folder / "a.txt")}


def test_a_missing_file_is_refused_with_its_input(folder: Path) -> None:
    (folder / "job.yml").write_text("a: {class: File, path: c.txt}")
    with (
        pytest.raises(Invalid, match=r"job\.a: .*c\.txt"),
        given_files(connection(), NewRun(path="tool.cwl"), "job.yml"),
    ):
        pass


@pytest.mark.parametrize(
    ("file", "job", "message"),
    [("tool.py", "a.txt", "works with tools in CWL"), ("tool.cwl", "no.yml", "No such file")],
)
def test_other_jobs_are_refused(folder: Path, file: str, job: str, message: str) -> None:
    with (
        pytest.raises(click.UsageError, match=message),
        given_files(connection(), NewRun(path=file), job),
    ):
        pass


def test_the_files_of_a_job_are_on_this_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBYARD_SERVER", "8888")
    with (
        pytest.raises(click.UsageError, match="without --server"),
        given_files(connection(), NewRun(path="tool.cwl"), "a.txt"),
    ):
        pass


def test_a_list_of_paths_is_several_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Issue 19: `-p 'reads=["a.txt", "b.txt"]'` was no file, dataset or artifact."""
    (folder / "a.idx").touch()
    texts = {"many": '["b.txt", "a.txt"]', "n": '["a.txt"]', "a": '["no.txt"]'}
    with given_files(connection(), NewRun(path="tool.cwl", texts=texts), "") as whole:
        names = sorted(path.name for path in Path(whole.texts["many"]).iterdir())
        assert names == ["a.idx", "a.txt", "b.txt"]
        assert {**whole.texts, "many": ""} == {**texts, "many": ""}
    assert "not as b.txt, a.txt" in capsys.readouterr().err
    missing = NewRun(path="tool.cwl", texts={"many": '["a.txt", "no.txt"]'})
    with (
        pytest.raises(Invalid, match=r"parameters\.many: .* no\.txt"),
        given_files(connection(), missing, ""),
    ):
        pass
    twice = NewRun(path="tool.cwl", texts={"many": '["a.txt", "./a.txt"]'})
    with (
        pytest.raises(Invalid, match=r"the name a\.txt"),
        given_files(connection(), twice, ""),
    ):
        pass
