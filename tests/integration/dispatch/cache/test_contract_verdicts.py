"""Contracts in real runs: on outputs, on datasets, on cached results."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import RunDetail, Task
from nbyard.errors import Invalid

from ...projects import ADA
from ...test_runs import OUT, Project, states

pytestmark = pytest.mark.sample(1)
TABLE = {**OUT, "format": "csv", "default": "table.csv"}
SOURCE = {"name": "source", "role": "input", "reach": {"kind": "option", "flag": "--source"}}
NULLS = {"rule": "nulls", "column": "b"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    # not named in the script, which would depend on the file
    monkeypatch.setenv("EXECUTIONS", str(tmp_path / "executions"))
    with Project.opened(tmp_path, slots=2) as made:
        flow_of(made)
        yield made


def flow_of(project: Project, text: str = "a,b\\n1,2\\n3,\\n") -> None:
    """Write a node with a table, and a node after it. Each execution of the first leaves a line."""
    out = {**TABLE, "reach": {"kind": "option", "flag": "--out"}}
    project.script("make", f'echo x >> "$EXECUTIONS"\nprintf "{text}" > "$2"\n', out)
    project.script("after", 'cat "$2"\n', SOURCE)
    project.arrow("make", "after")


def contract(
    project: Project, *rules: dict[str, Any], node: str = "make", output: str = "out"
) -> None:
    project.nodes[node]["contracts"] = {output: list(rules)}


def task_of(detail: RunDetail, node: str) -> Task:
    return next(task for task in detail.tasks if task.node == node)


def executions(project: Project) -> int:
    return len((project.root.parent / "executions").read_text().splitlines())


def test_a_broken_rule_stops_the_branch_and_names_itself(project: Project) -> None:
    contract(project, NULLS, {"rule": "rows", "min": 1})
    detail = project.run()
    assert states(detail) == {"make": "failed", "after": "skipped"}
    failed = task_of(detail, "make")
    assert failed.failure and failed.failure.kind == "contract"
    reason = failed.failure.reason
    assert (reason.code, reason.params["name"]) == ("contract-broken", "out")
    [breach] = reason.params["breaches"]
    assert breach["params"] == {
        "rule": "nulls",
        "column": "b",
        "count": 1,
        "rows": 2,
        "examples": ["#2"],
    }
    # The output and its verdict stay, so that its user can look at them.
    [artifact] = [each for each in failed.artifacts if each.name == "out"]
    assert artifact.type and artifact.type.verdict
    assert [b.rule.level for b in artifact.type.verdict.breaches] == ["stop"]


def test_a_changed_contract_is_checked_on_the_cached_result(project: Project) -> None:
    contract(project, NULLS)
    first = project.run()
    again = project.run()
    assert [states(d)["make"] for d in (first, again)] == ["failed", "failed"]
    assert task_of(again, "make").failure == task_of(first, "make").failure
    contract(project, {**NULLS, "most": 0.5})
    passed = project.run()
    assert states(passed) == {"make": "succeeded", "after": "succeeded"}
    assert task_of(passed, "make").cached
    contract(project, {"rule": "range", "column": "a", "max": 2})
    stopped = project.run()
    assert states(stopped) == {"make": "failed", "after": "skipped"}
    assert executions(project) == 1


def test_a_cached_result_keeps_its_verdict(project: Project) -> None:
    contract(project, {**NULLS, "level": "warn"})
    verdicts = [
        artifact.type and artifact.type.verdict
        for detail in (project.run(), project.run())
        for artifact in task_of(detail, "make").artifacts
        if artifact.name == "out"
    ]
    assert verdicts[0] and verdicts[0] == verdicts[1]


def test_a_rule_that_warns_lets_the_branch_run(project: Project) -> None:
    contract(project, {**NULLS, "level": "warn"})
    first, again = project.run(), project.run()
    for detail in (first, again):
        assert states(detail) == {"make": "succeeded", "after": "succeeded"}
        warning = task_of(detail, "make").warning
        assert warning and warning.code == "contract-drift"
    del project.nodes["make"]["contracts"]
    assert task_of(project.run(), "make").warning is None
    assert executions(project) == 1


@pytest.mark.parametrize("level", ["stop", "warn"])
def test_data_are_checked_before_the_code_runs(project: Project, level: str) -> None:
    (project.root / "data.csv").write_text("a,b\n1,\n")
    project.nodes = {
        "data": {"type": "dataset", "path": "data.csv"},
        "after": project.nodes["after"],
    }
    project.edges = {}
    project.arrow("data", "after", "data")
    contract(project, {**NULLS, "level": level}, node="data", output="data")
    first = project.run()
    task = task_of(first, "after")
    if level == "warn":
        assert task.warning and task.warning.code == "data-contract-drift"
        assert task_of(project.run(), "after").warning == task.warning
        return
    assert task.failure and task.failure.kind == "contract"
    assert task.failure.reason.code == "data-contract-broken"
    assert task.failure.reason.params["name"] == "source"
    assert not task.attempts
    project.nodes["data"].pop("contracts")
    assert states(project.run())["after"] == "succeeded"


def test_metrics_of_an_output_and_figures_of_the_last_good_run(project: Project) -> None:
    scores = {**TABLE, "format": "json", "default": "s.json"}
    value = {"name": "value", "type": "float", "default": 0.9}
    out = {**scores, "reach": {"kind": "option", "flag": "--out"}}
    body = 'printf "{\\"accuracy\\": %s}" "$4" > "$2"\n'
    project.nodes, project.edges = {}, {}
    by_option = {**value, "reach": {"kind": "option", "flag": "--value"}}
    project.script("make", body, out, by_option, arguments={"value": {"value": 0.9}})
    close = {"rule": "close", "figure": "metric", "name": "accuracy", "within": 0.05}
    contract(project, {"rule": "metric", "name": "accuracy", "min": 0.8}, close)
    ends = []
    for accuracy in (0.9, 0.88, 0.7, 0.82):
        project.nodes["make"]["arguments"] = {"value": {"value": accuracy}}
        detail = project.run()
        failure = task_of(detail, "make").failure
        breaches = failure.reason.params["breaches"] if failure else []
        ends.append([breach["params"]["rule"] for breach in breaches])
    assert ends == [[], [], ["metric", "close"], ["close"]]


def test_an_output_that_is_no_table_breaks_its_contract(project: Project) -> None:
    flow_of(project, "")
    contract(project, NULLS)
    failure = task_of(project.run(), "make").failure
    assert failure and failure.kind == "contract"
    assert failure.reason.params["breaches"][0]["code"] == "contract-unreadable"


def test_references_follow_the_dataset(project: Project, tmp_path: Path) -> None:
    datasets = project.yard.services.datasets

    def imported(text: str) -> None:
        (project.root / "ids.csv").write_text(text)
        source = FileSource("ids.csv")
        datasets.create(ADA, NewDataset(source, "ids", replace=True))
        project.dispatching.until(
            lambda: datasets.list(ADA).items[0].current.state, lambda state: state == "ready"
        )

    imported("a\n1\n3\n")
    contract(project, {"rule": "reference", "column": "a", "dataset": "ids"})
    assert states(project.run())["make"] == "succeeded"
    imported("a\n1\n2\n")
    failure = task_of(project.run(), "make").failure
    assert failure and failure.reason.params["breaches"][0]["params"]["examples"] == ["#2: 3"]
    assert executions(project) == 1


def test_a_contract_names_an_existing_output(project: Project) -> None:
    contract(project, NULLS, output="gone")
    with pytest.raises(Invalid) as refused:
        project.start()
    assert [detail.path for detail in refused.value.details] == ["make"]


def test_a_sample_is_checked_by_the_rules_that_fit(project: Project) -> None:
    out = {**TABLE, "reach": {"kind": "option", "flag": "--out"}}
    project.script("after", 'cp "$2" "$4"\n', SOURCE, out)
    rows, most = {"rule": "rows", "min": 9}, {"rule": "range", "column": "a", "max": 9}
    contract(project, rows, most, node="after")
    project.write()
    run = project.yard.services.runs.check_sample(ADA, NewCheckRun(path="flow.nbflow")).id
    assert states(project.end(run)) == {"make": "succeeded", "after": "succeeded"}
    assert states(project.run()) == {"make": "succeeded", "after": "failed"}
