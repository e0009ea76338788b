"""Contracts in workflow files: proposed from runs and datasets, accepted, and as pandera."""

import msgspec
import pytest

from nbyard.domain.contracts.pandera import read_pandera
from nbyard.domain.contracts.proposals import new_rules
from nbyard.domain.contracts.structs import rule_text
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.errors import Conflict, NotFound

from ...dispatch.cache.test_contract_verdicts import contract, flow_of, project, task_of
from ...projects import ADA
from ...test_runs import Project, states

pytestmark = pytest.mark.sample(1)
__all__ = ["project"]


def test_a_contract_is_proposed_from_good_runs_and_accepted(project: Project) -> None:
    contracts = project.yard.services.contracts
    where = ("flow.nbflow", "make", "out")
    for number in range(3):
        with pytest.raises(Conflict):
            project.write()
            contracts.propose(ADA, *where)
        lines = "".join(f"{row + number},{row % 2}\\n" for row in range(20 + number))
        flow_of(project, f"id,b\\n{lines}")
        assert project.run().run.state == "succeeded"
    project.run()
    proposal = contracts.propose(ADA, *where)
    assert len(proposal.runs) == 3
    accepted = contracts.accept(ADA, *where)
    assert accepted.rules == new_rules((), proposal)
    assert contracts.list(ADA, "flow.nbflow").items == [accepted]
    assert contracts.accept(ADA, *where) == accepted
    project.nodes["make"]["contracts"] = {"out": msgspec.to_builtins(accepted.rules)}
    assert states(project.run())["make"] == "succeeded"
    flow_of(project, "id,b\\n1,1\\n1,2\\n")
    contract(project, *msgspec.to_builtins(accepted.rules))
    broken = task_of(project.run(), "make")
    assert broken.failure and broken.failure.kind == "contract"
    assert broken.warning and broken.warning.code == "contract-drift"
    # A broken result is no good one.
    assert contracts.propose(ADA, *where).runs == proposal.runs


def test_a_contract_comes_from_pandera_and_goes_there(project: Project) -> None:
    project.write()
    contracts = project.yard.services.contracts
    schema = "columns: {a: {dtype: int64, nullable: true, in_range: {min_value: 1, max_value: 3}}}"
    (project.root / "schema.yaml").write_text(schema)
    made = contracts.import_schema(ADA, "flow.nbflow", "make", "schema.yaml", "out")
    texts = [rule_text(rule).split() for rule in made.rules]
    assert [text[:2] for text in texts] == [["columns", "a"], ["type", "a"], ["range", "a"]]
    text = contracts.export(ADA, "flow.nbflow", "make", "out").text
    assert read_pandera(text.encode(), "schema.json") == made.rules
    with pytest.raises(NotFound):
        contracts.export(ADA, "flow.nbflow", "gone")


def test_a_contract_is_proposed_from_the_versions_of_a_dataset(project: Project) -> None:
    services = project.yard.services

    def imported(number: int) -> None:
        (project.root / "data.csv").write_text(f"n\n{number}\n9\n")
        services.datasets.create(ADA, NewDataset(FileSource("data.csv"), "d", replace=True))
        project.dispatching.until(
            lambda: services.datasets.list(ADA).items[0].current,
            lambda current: (current.number, current.state) == (number, "ready"),
        )

    for number in (1, 2, 3):
        imported(number)
    project.nodes["data"] = {"type": "dataset", "dataset": "d"}
    project.write()
    proposal = services.contracts.propose(ADA, "flow.nbflow", "data")
    assert proposal.runs == [1, 2, 3]
    kinds = {msgspec.to_builtins(each.rule)["rule"] for each in proposal.rules}
    assert {"columns", "type", "nulls", "range", "rows"} <= kinds
