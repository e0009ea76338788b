"""What commands of operations without a body print, ask and accept."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.projects.structs import NewProject
from nbyard.rest.identity import local_name


@pytest.fixture
def script(yard, echo):
    """A registered script, whose name has no suffix."""
    body = NewExecutable(path="echo.py")
    return yard.services.executables.create(Caller(local_name()), body)


@pytest.fixture
def project(yard):
    return yard.services.projects.create(Caller(local_name()), NewProject("wine"))


def test_deletions_print_what_they_did(shell, script):
    assert shell("executables", "rm", "echo").out == "Deleted echo.\n"
    assert shell("executables", "rm", "echo").code == 3


def test_unlinking_prints_what_it_did(shell, script, project):
    assert shell("projects", "link", "wine", "executable", "echo").code == 0
    unlinked = shell("projects", "unlink", "wine", "executable", "echo")
    assert unlinked.out == "Unlinked echo from wine.\n"
    assert shell("projects", "unlink", "wine", "executable", "echo", "--json").out == ""


@pytest.mark.parametrize(
    ("options", "answer", "deleted"),
    [([], False, False), (["--yes"], False, True), ([], True, True)],
)
def test_a_person_is_asked_before_a_deletion(shell, project, monkeypatch, options, answer, deleted):
    """Programs, whose standard input is no terminal, are not asked."""
    monkeypatch.setattr("nbyard.cli.shared_options.is_terminal", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: answer)
    shell("projects", "rm", "wine", *options)
    assert (shell("projects", "show", "wine").code == 3) == deleted


@pytest.mark.parametrize("key", ["echo", "echo.py", "./echo.py"])
def test_an_executable_is_found_by_name_or_file(shell, script, key):
    assert shell("executables", "show", key, "--json").json["id"] == script.id
    assert shell("artifacts", "ls", "--executable", key).code == 0


def test_an_unknown_executable_is_named(shell, script):
    assert shell("artifacts", "ls", "--executable", "eko").code == 3


def test_an_inspection_is_text_or_json(shell, echo):
    assert "word" in shell("executables", "inspect", "echo.py").out
    read = shell("executables", "inspect", "echo.py", "--json").json
    assert [argument["name"] for argument in read["arguments"]] == ["word", "n"]


def test_a_suggested_name_is_text(shell):
    assert shell("artifacts", "suggest", "--name", "x").out == "x\n"


@pytest.mark.parametrize("address", ["ftp://example.org/a.csv", "gs://bucket/a.csv"])
def test_other_protocols_are_refused_with_the_known_ones(shell, address):
    refused = shell("datasets", "add", address)
    assert refused.code == 2 and "https://" in refused.err and "s3://" in refused.err


@pytest.mark.parametrize("words", [["--when", "daily at 8"], ["daily at 8"]])
def test_a_timing_is_spelled_alike_everywhere(shell, words):
    assert shell("automations", "preview", *words).code == 0


@pytest.mark.parametrize("words", [[], ["daily at 8", "--when", "daily at 9"]])
def test_a_preview_needs_one_timing(shell, words):
    assert shell("automations", "preview", *words).code == 2
