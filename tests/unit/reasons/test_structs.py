"""Reasons are codes with typed parameters; the catalogue renders each in English."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbyard.reasons.codes import CODES
from nbyard.reasons.structs import (
    Reason,
    because,
    joined,
    nested_reasons,
    nested_texts,
    reason_text,
    separate,
    text_reason,
)

CASES = json.loads((Path(__file__).parents[2] / "cases" / "reasons.json").read_text("utf-8"))


def test_the_texts_are_those_that_the_browser_shows() -> None:
    reasons = msgspec.convert([case["reason"] for case in CASES], list[Reason])
    assert [str(reason) for reason in reasons] == [case["text"] for case in CASES]
    for reason in reasons:
        assert set(reason.params) == set(CODES[reason.code].fields), reason


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("unchanged", {}),
        ("unchanged", {"run": "7"}),
        ("unchanged", {"run": True}),
        ("unchanged", {"run": 7, "more": 1}),
        ("runs", {"cause": 7}),
        ("changed", {"changes": ["code"]}),
        ("changed", {"changes": because("code-changed")}),
    ],
)
def test_wrong_parameters_are_refused(code: str, params: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=code):
        because(code, **params)


def test_an_unknown_code_is_shown_by_its_text_or_itself() -> None:
    assert str(Reason("by-a-newer-version", {"text": "the moon is full"})) == "the moon is full"
    assert str(Reason("by-a-newer-version", {"count": 1})) == "by-a-newer-version"


def test_a_reason_survives_json() -> None:
    reason = because("runs", cause=because("changed", changes=[because("code-changed")]))
    assert msgspec.json.decode(msgspec.json.encode(reason), type=Reason) == reason


def test_missing_parts_are_omitted() -> None:
    why = because("runs", cause=because("forced"))
    turn = because("waits-for-turn")
    assert reason_text(why, None, turn) == f"{why} – {turn}"
    assert reason_text(None, None) == ""
    assert text_reason("") is None


def test_several_reasons_become_one() -> None:
    why, waits = because("forced"), because("waits-for-turn")
    assert joined([None, why]) == why
    assert joined([why, None, waits]) == because("all", reasons=[why, waits])
    assert joined([None]) is joined([]) is None
    for reasons in ([], [why], [why, waits]):
        assert separate(joined(reasons)) == reasons


def test_nested_reasons_and_texts():
    inner = because("text", text="own.py")
    outer = because("field", path="paths.0", reason=because("all", reasons=[inner, inner]))
    assert nested_reasons(outer)[0] == outer and inner in nested_reasons(outer)
    assert nested_texts(outer) == {"paths.0", "own.py"}
    assert nested_reasons(inner) == [inner]
