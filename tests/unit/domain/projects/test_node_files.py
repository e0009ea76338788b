"""A push refuses schedules whose workflows lack files."""

import json

import pytest

from nbyard.domain.projects.project_checks import check_node_files
from nbyard.errors import Invalid

FILES = ("flows/a.nbflow", "report.py", "flows/own.py", "data/1/x.csv")


def check(nodes, files=FILES, schedule="flows/a.nbflow"):
    content = json.dumps({"version": 1, "nodes": nodes, "edges": {}}).encode()
    check_node_files({"nightly": schedule}, files, lambda path: content)


def executable(path, **more):
    return {"type": "executable", "path": path, **more}


@pytest.mark.parametrize(
    "node",
    [
        executable("own.py"),
        executable("../report.py"),
        executable("own.py::main"),
        executable("gone.py", mode="muted"),
        executable("/opt/tool"),
        {"type": "executable", "executable": "tool"},
        {"type": "dataset", "path": "../data"},
        {"type": "dataset", "path": ".."},
        {"type": "dataset", "dataset": "wine"},
    ],
)
def test_nodes_with_all_files_are_accepted(node):
    check({"one": node})


@pytest.mark.parametrize(
    ("node", "path"),
    [
        (executable("report.py"), "flows/report.py"),
        (executable("report.py::main"), "flows/report.py"),
        ({"type": "dataset", "path": "../../x.csv"}, "../x.csv"),
    ],
)
def test_a_missing_file_is_named_with_its_node(node, path):
    with pytest.raises(Invalid) as refused:
        check({"one": node, "two": executable("own.py")})
    (detail,) = refused.value.details
    assert detail.path == "schedules.nightly.path"
    assert "node one of flows/a.nbflow" in detail.message and f" uses {path}," in detail.message


def test_only_sent_workflows_of_schedules_are_checked():
    check({"one": executable("report.py")}, schedule="report.py")
    check({"one": executable("report.py")}, schedule="")
    check_node_files({"nightly": "flows/a.nbflow"}, FILES, lambda path: b"{")
