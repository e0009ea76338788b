"""The commands that create the example, and restore a version of a workflow."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from nbyard.cli.main import nbyard
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.rest.identity import local_name
from nbyard.services.workflows import service


@pytest.fixture
def run(yard, monkeypatch):
    """Run the command in the folder of the tests' yard."""
    ann = Caller("ann")

    workflows = SimpleNamespace(
        create_example=lambda body: yard.services.workflows.create_example(ann, body),
        example_needs=lambda: yard.services.workflows.example_needs(ann),
    )
    environments = SimpleNamespace(
        list=lambda **query: yard.services.environments.list(ann, **query)
    )
    connection = SimpleNamespace(workflows=workflows, environments=environments)
    monkeypatch.setattr("nbyard.cli.commands.workflows.connect", lambda server: connection)
    return lambda *words: CliRunner().invoke(nbyard, ["example", *words])


def test_the_example_is_created_and_the_next_command_named(run, yard):
    said = run()
    assert said.exit_code == 0
    assert said.stdout == "penguins/penguins.nbflow\n"
    assert "Next: nbyard run penguins/penguins.nbflow" in said.stderr
    assert Path(yard.context.files.root, "penguins/penguins.csv").is_file()
    assert json.loads(run("--json").stdout) == {"path": "penguins-1/penguins.nbflow"}
    assert run("--template", "orders").stdout == "orders/orders.nbflow\n"
    assert run("--template", "pipeline").exit_code == 2


def test_missing_packages_are_named(run, monkeypatch):
    monkeypatch.setattr(service, "PACKAGES", ("no-such-package",))
    lacking = run()
    assert lacking.exit_code == 0
    create, next_run = lacking.stderr.strip().splitlines()[-1].removeprefix("Next: ").split(" && ")
    assert create == "nbyard environments create penguins no-such-package"
    assert next_run.split()[:2] == ["nbyard", "run"]
    assert next_run.endswith("penguins.nbflow --environment penguins")
    assert "lacks" not in run("-e", "birds").stderr


def test_a_version_is_listed_compared_and_restored(shell, yard):
    root = yard.context.files.root
    (root / "a.py").touch()
    nodes: dict[str, dict[str, object]] = {"a": {"type": "executable", "path": "a.py"}}
    document = {"version": 1, "meta": {"id": "w"}, "nodes": nodes}
    (root / "a.nbflow").write_text(json.dumps(document))
    yard.services.runs.create(Caller(local_name()), NewRun("a.nbflow"))
    nodes["a"]["cpu"] = 2
    (root / "a.nbflow").write_text(json.dumps(document))
    assert shell("workflows", "compare", "a.nbflow", "--old", "1").out == "+ nodes.a.cpu\n"
    restored = shell("workflows", "restore", "a.nbflow", "--version", "1", "--json")
    assert restored.json["number"] == 3
    assert "cpu" not in json.loads((root / "a.nbflow").read_text())["nodes"]["a"]
    listed = shell("workflows", "versions", "a.nbflow", "--json").json["items"]
    assert [(version["number"], version["runs"]) for version in listed] == [
        (3, []),
        (2, []),
        (1, [1]),
    ]
