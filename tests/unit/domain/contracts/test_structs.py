"""Rules in documents: strict, short, and as text."""

import json
from typing import Any

import msgspec
import pytest

from nbyard.domain.contracts.structs import (
    LABELS,
    Breach,
    Contract,
    Rule,
    Verdict,
    bounds_text,
    kind_of,
    outcome_of,
    rule_text,
    rules_for,
)
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

RULES: list[tuple[dict[str, Any], str]] = [
    ({"rule": "columns", "columns": ["a"], "closed": True}, "columns a closed True"),
    ({"rule": "range", "column": "a", "min": 0, "level": "warn"}, "range a min 0 (warn)"),
    ({"rule": "rows", "max": 5}, "rows max 5"),
    ({"rule": "close", "figure": "content"}, "close figure content"),
]


def document(*rules: dict[str, Any]) -> str:
    node = {"type": "executable", "path": "a.py", "contracts": {"out": rules}}
    return json.dumps({"version": 1, "nodes": {"a": node}})


def test_documents_hold_rules_without_defaults() -> None:
    rules = [rule for rule, _ in RULES]
    contract = read_document(document(*rules)).nodes["a"].contracts["out"]
    assert json.loads(msgspec.json.encode(contract)) == rules
    assert [rule_text(rule) for rule in contract] == [text for _, text in RULES]
    assert [kind_of(rule) for rule in contract] == [rule["rule"] for rule in rules]


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "rnage", "column": "a"},
        {"rule": "range", "colum": "a"},
        {"rule": "range", "column": "a", "level": "stopp"},
        {"rule": "type", "column": "a", "type": "integer"},
    ],
)
def test_misspelled_rules_are_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read_document(document(rule))


def test_each_kind_has_a_label_in_the_form() -> None:
    tags = {each.__struct_config__.tag for each in Rule.__args__}
    assert tags == LABELS.keys()


def test_rules_on_the_whole_are_left_out_of_samples() -> None:
    contract = msgspec.convert([rule for rule, _ in RULES], Contract)
    assert rules_for(contract, None) == contract
    assert [kind_of(rule) for rule in rules_for(contract, object())] == ["columns", "range"]


def test_outcomes_by_level() -> None:
    stop, warn = (msgspec.convert(rule, Rule) for rule, _ in RULES[:2])
    why = because("no-message")
    verdict = Verdict("k", 2, (Breach(stop, why), Breach(warn, why)))
    outcomes = [outcome_of({"out": verdict}, level) for level in ("stop", "warn")]
    assert [outcome and outcome.code for outcome in outcomes] == [
        "contract-broken",
        "contract-drift",
    ]
    assert outcome_of({"out": Verdict("k", 2)}, "stop") is None


def test_bounds_are_short() -> None:
    texts = [bounds_text(1, None), bounds_text(None, 2), bounds_text(1, 2)]
    assert texts == ["≥ 1", "≤ 2", "1 … 2"]
