"""Reports of checks, which CI systems read."""

import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.cli.commands.check_reports import (
    Checked,
    Finding,
    fields_of,
    junit_of,
    line_of,
    lines_of,
    sarif_of,
)
from nbyard.domain.environments.references import EnvironmentDefault, UsedEnvironment

FINDINGS = st.builds(
    Finding,
    code=st.sampled_from(["no-file", "edge-twice"]),
    text=st.text(),
    place=st.text(),
    line=st.integers(1, 10_000),
    level=st.sampled_from(["error", "warning"]),
)
PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
CHECKED = st.lists(st.builds(Checked, PATHS.map(Path), st.lists(FINDINGS, max_size=4)), max_size=4)


@given(CHECKED)
def test_junit_counts_the_files_with_errors(checked: list[Checked]) -> None:
    root = ElementTree.fromstring(junit_of(checked))
    failed = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert len(failed) == sum(not one.is_valid for one in checked) == int(root.attrib["failures"])
    assert len(list(root.iter("testcase"))) == len(checked) == int(root.attrib["tests"])


@given(CHECKED)
def test_sarif_has_what_its_schema_requires(checked: list[Checked]) -> None:
    log = json.loads(sarif_of(checked))
    assert log["version"] == "2.1.0" and len(log["runs"]) == 1
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules)) and run["tool"]["driver"]["name"] == "nbyard"
    assert len(run["results"]) == sum(len(one.findings) for one in checked)
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert result["ruleId"] in rules and isinstance(result["message"]["text"], str)
        assert place["region"]["startLine"] >= 1 and " " not in place["artifactLocation"]["uri"]


def test_lines_are_like_those_of_compilers() -> None:
    finding = Finding("no-file", "There is no file a.", "clean", 7)
    checked = [Checked(Path("a.nbflow"), [finding]), Checked(Path("b.nbflow"))]
    assert [*lines_of(checked)] == [
        f"a.nbflow:7: error: clean: {finding.text}",
        "b.nbflow: no problems",
    ]


@pytest.mark.parametrize(("key", "line"), [("a", 3), ("b.c", 4), ('"', 5), ("other", 1), ("", 1)])
def test_the_line_of_a_node_is_found(key: str, line: int) -> None:
    text = '{\n "nodes": {\n  "a": {"label": "b.c"},\n  "b.c": {},\n  "\\"": {}\n }\n}\n'
    assert line_of(text, key) == line


def test_environments_and_commands_follow_the_findings() -> None:
    """Nodes with the same environment share a line, which names what sets it."""
    named = UsedEnvironment("e", "cows", "v", 2, "d", named_by="node")
    default = EnvironmentDefault("cows", "project", "farm")
    by_default = msgspec.structs.replace(named, named_by="", default=default)
    environments = {"a": named, "b": by_default, "c": by_default}
    checked = Checked(Path("w"), [], environments, ["nbyard environments install cows six"])
    assert [*lines_of([checked])] == [
        "w: no problems",
        "w: environment cows version 2, set by the node: a",
        "w: environment cows version 2, default of the project farm: b, c",
        "w: to add the missing packages: nbyard environments install cows six",
    ]
    fields = fields_of(checked)
    assert fields["environments"]["b"]["default"]["set_by"] == "project"
    assert [*lines_of([Checked(Path("n"), [], {"": named})])][1].endswith("set by the node")


def test_elements_of_maps_are_counted() -> None:
    checked = Checked(Path("f.nbflow"), maps={"train": "3/8"})
    assert [*lines_of([checked])][1] == "f.nbflow: train: 3/8"
    assert fields_of(checked)["maps"] == {"train": "3/8"}
