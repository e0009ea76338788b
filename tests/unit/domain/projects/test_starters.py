"""The files of a new project folder."""

import json
import re
import tomllib

import pytest

from nbyard.domain.projects.definitions import read_definition
from nbyard.domain.projects.starters import STARTERS, starter_files
from nbyard.domain.workflows.structs import read_document

DOCUMENT_ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("starter", STARTERS)
@pytest.mark.parametrize("name", ["wine", 'with "quotes" and \\', "Weiß"])
def test_each_starter_has_its_first_file_and_a_valid_project_file(starter, name):
    files, first = starter_files(starter, name, DOCUMENT_ID)
    assert first in files and first in files["README.md"]
    assert tomllib.loads(files["nbyard.toml"])["project"]["name"] == name
    text = re.sub(r"(?m)^# (?=[a-z]|\[)", "", files["nbyard.toml"])
    found = read_definition(text.encode())
    assert found.schedules[name].path == first
    assert found.notifications["team"][0].events == ["failed", "recovered"]
    assert found.retention["recent"].keep == 20
    for path in files:
        if path.endswith(".ipynb"):
            assert json.loads(files[path])["nbformat"] == 4
        if path.endswith(".py"):
            compile(files[path], path, "exec")


def test_the_workflow_is_one():
    files, first = starter_files("workflow", "wine", DOCUMENT_ID)
    document = read_document(files[first].encode(), strict=True)
    assert document.meta.id == DOCUMENT_ID
    assert set(document.positions) == set(document.nodes)
    assert {node.path for node in document.nodes.values()} < set(files)
