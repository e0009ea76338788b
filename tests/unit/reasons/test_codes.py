"""The catalogue of reasons: every code has an example and a text with its own parameters."""

import json
from pathlib import Path
from typing import Any

from nbyard.reasons.codes import CODES, PARTS

CASES = json.loads((Path(__file__).parents[2] / "cases" / "reasons.json").read_text("utf-8"))


def test_codes_are_unique() -> None:
    assert sum(map(len, PARTS)) == len(CODES)


def test_the_cases_have_every_code() -> None:
    assert sorted(_codes([case["reason"] for case in CASES])) == sorted(CODES)


def _codes(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(_codes, value))
    if isinstance(value, dict):
        own = {value["code"]} if "code" in value else set()
        return own.union(*map(_codes, value.values()))
    return set()
