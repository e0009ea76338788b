"""The commands of contracts: import, list, export and proposals with reasons."""

import json

from nbyard.cli.output.views.contract_views import show_proposal
from nbyard.domain.contracts.proposals import ContractProposal, ProposedRule
from nbyard.domain.contracts.structs import NullsRule
from nbyard.reasons.structs import because

NODE = ("--node", "a", "--output", "out")


def test_a_schema_is_imported_listed_and_exported(shell, yard):
    root = yard.context.files.root
    (root / "a.py").touch()
    document = {"version": 1, "nodes": {"a": {"type": "executable", "path": "a.py"}}}
    (root / "a.nbflow").write_text(json.dumps(document))
    (root / "s.yaml").write_text("columns: {n: {dtype: int64, isin: {value: [1]}}}")
    made = shell("contracts", "import", "a.nbflow", *NODE, "--schema", "s.yaml")
    rules = made.out.splitlines()
    assert rules == ["columns n", "type n type int", "nulls n", "values n values 1"]
    saved = json.loads((root / "a.nbflow").read_text())["nodes"]["a"]["contracts"]
    assert [rule["rule"] for rule in saved["out"]] == [rule.split()[0] for rule in rules]
    assert "; ".join(rules) in shell("contracts", "ls", "a.nbflow").out
    schema = json.loads(shell("contracts", "export", "a.nbflow", *NODE).out)
    assert schema["columns"]["n"]["checks"] == {"isin": {"value": [1]}}


def test_proposals_have_reasons(capsys):
    reason = because("proposed-same", count=3)
    show_proposal(ContractProposal([1, 2, 3], [ProposedRule(NullsRule(column="n"), reason)]))
    out = capsys.readouterr().out
    assert "nulls n" in out and str(reason) in out
