"""The export of a run as a command and as a program."""

import ast
import shlex

import pytest

from nbyard.cli.commands.runs.exports import export
from nbyard.domain.spelling import SpellingRequest
from nbyard.services.spelling.spell import CRATE, spell_download, spell_request


@pytest.mark.parametrize(
    ("query", "command", "call"),
    [
        ({}, "runs export --ro-crate run-r7.zip r7", "run_crate('r7')"),
        ({"inputs": True}, "runs export --ro-crate run-r7.zip r7", "run_crate('r7')"),
        (
            {"inputs": False},
            "runs export --ro-crate run-r7.zip --no-inputs r7",
            "run_crate('r7', inputs=False)",
        ),
    ],
)
def test_an_export_is_a_command_and_a_program(query, command, call):
    found = spell_request(SpellingRequest(CRATE, {"run": "r7"}, query))
    assert found.command == f"nbyard {command}"
    words = shlex.split(found.command)[3:]
    parsed = export.make_context("export", words).params
    assert (parsed["run"], parsed["inputs"]) == ("r7", query.get("inputs", True))
    assert call in found.python
    ast.parse(found.python)


def test_operations_are_not_downloads():
    assert spell_download(SpellingRequest("runs.get", {"run": "r7"})) is None
