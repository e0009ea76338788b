"""Help and completion read a table: it says what the commands themselves would."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from command_table import text
from nbyard.cli import stored_names
from nbyard.cli.all_commands import all_commands
from nbyard.cli.lazy_commands import TABLE, LazyCommand
from nbyard.cli.main import nbyard

REAL = click.Group("nbyard", [*all_commands()], context_settings=nbyard.context_settings)


def words_of(group: click.Group) -> Iterator[tuple[str, ...]]:
    """Yield the words that call each command below a group."""
    for name, command in group.commands.items():
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, *words) for words in words_of(command))


WORDS = sorted(words_of(REAL))
WORDS_OF_TWO = [words for words in WORDS if len(words) == 2]


def completed(group: click.Group, words: tuple[str, ...], incomplete: str) -> list[tuple[str, ...]]:
    """Return what a shell would offer after some words."""
    shell = ShellComplete(group, {}, "nbyard", "_NBYARD_COMPLETE")
    found = shell.get_completions([*words], incomplete)
    return [(one.type, one.value, one.help or "") for one in found]


def without_files(
    group: click.Group, words: tuple[str, ...], incomplete: str
) -> list[tuple[str, ...]]:
    """Return what a shell would offer besides files."""
    return [offer for offer in completed(group, words, incomplete) if offer[0] != "file"]


def test_the_table_matches_the_commands():
    assert Path(TABLE).read_text("utf-8") == text(), "run: python buildtools/command_table.py"


@pytest.fixture(autouse=True)
def no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the commands of the table complete names and words, which other tests cover."""
    monkeypatch.setattr(stored_names, "completions", lambda *_: [])


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_completion_equals_that_of_the_command(words):
    """Names of commands, options and the choices of an option. The table also has files."""
    for incomplete in ("", "-", "--", "--server="):
        assert without_files(nbyard, words, incomplete) == without_files(REAL, words, incomplete)
    for _, option, _ in completed(REAL, words, "--"):
        given = (*words, option)
        assert without_files(nbyard, given, "") == without_files(REAL, given, ""), option


@pytest.mark.parametrize("noun", [n for n, v in WORDS_OF_TWO if v == "ls"])
def test_list_is_accepted_for_ls_and_is_hidden(noun):
    shown = CliRunner().invoke(nbyard, [noun, "list", "--help"])
    assert shown.output == CliRunner().invoke(nbyard, [noun, "ls", "--help"]).output
    assert shown.exit_code == 0
    assert completed(nbyard, (noun, "list"), "--") == completed(nbyard, (noun, "ls"), "--")
    assert [value for _, value, _ in completed(nbyard, (noun,), "lis")] == ["list"]
    assert "list" not in [value for _, value, _ in completed(nbyard, (noun,), "")]
    assert f"{noun} list" not in CliRunner().invoke(nbyard, [noun, "--help"]).output


def test_a_noun_without_a_list_accepts_none():
    assert CliRunner().invoke(nbyard, ["store", "list"]).exit_code == 2
    assert completed(nbyard, ("store",), "li") == []


@pytest.mark.parametrize("words", [w for w in WORDS if len(w) == 1], ids=" ".join)
def test_help_equals_that_of_the_command(words):
    shown = [CliRunner().invoke(group, [*words, "--help"]).output for group in (nbyard, REAL)]
    assert shown[0] == shown[1]
    assert shown[0].startswith("Usage: nbyard ")


def test_a_command_imports_only_its_noun():
    show = nbyard.commands["runs"].commands["show"]  # type: ignore[attr-defined]
    assert isinstance(show, LazyCommand)
    real = REAL.commands["runs"].commands["show"]  # type: ignore[attr-defined]
    assert show.loaded is real


def test_a_file_is_offered_where_an_option_reads_one():
    password = ("deployments", "create", "--password-file")
    assert completed(nbyard, password, "") == [("file", "", "")]


def test_the_message_of_the_driver_is_not_printed(tmp_path: Path) -> None:
    variables = {
        "NBYARD_STORE_DIR": str(tmp_path / "store"),
        "NBYARD_DATABASE_URL": "postgresql://x@127.0.0.1:1/db",
    }
    command = [sys.executable, "-m", "nbyard.cli.main", "runs", "ls"]
    ended = subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 5
    assert ended.stderr.startswith("Error: The database")
    assert "connection failed" not in ended.stderr
