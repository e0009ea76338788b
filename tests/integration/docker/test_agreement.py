"""A workflow has equal results as processes, in containers and mixed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..test_runs import Project, option

MAKE = """
import json
with open(output_json, "w") as file:
    json.dump([seed * n for n in range(5)], file)
"""
REPORT = """
import json
with open(output_txt, "w") as file:
    file.write(str(sum(json.load(open(input_json)))))
"""


@pytest.fixture
def project(tmp_path: Path, docker_variables: None) -> Iterator[Project]:
    with Project.opened(tmp_path, slots=2) as made:
        yield made


def test_processes_and_containers_give_equal_results(project: Project) -> None:
    """Chosen for the run or for a node.

    Cached results of containers are used there again."""
    project.notebook("make", "seed = 2; output_json = 'o.json'", MAKE)
    takes = option("source", role="input"), option("out", role="output", format="json")
    project.script("copy", 'cat "$2" > "$4"', *takes)
    project.notebook("report", "input_json = ''; output_txt = 'o.txt'", REPORT)
    project.arrow("make", "copy", "output_json")
    project.arrow("copy", "report", "out", "input_json")
    here = project.run()
    there = project.run(runtime="docker")
    assert (here.run.state, there.run.state) == ("succeeded", "succeeded")
    assert {task.cached for task in there.tasks} == {False}
    assert project.bytes_of(there, "report", "output_txt") == b"20"
    for node, name in (("make", "output_json"), ("copy", "out"), ("report", "output_txt")):
        assert project.bytes_of(here, node, name) == project.bytes_of(there, node, name)
    again = project.run(runtime="docker")
    assert {task.cached for task in again.tasks} == {True}
    project.nodes["copy"]["runtime"] = "docker"
    mixed = project.run(force=True)
    assert project.bytes_of(mixed, "report", "output_txt") == b"20"
    assert {task.node: task.attempts[0].runtime for task in mixed.tasks} == {
        "make": "process",
        "copy": "docker",
        "report": "process",
    }
