"""The line in place of missing output. The browser reads the same cases."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from nbyard.reasons.structs import read_reason
from nbyard.runner.reasons import is_reason
from nbyard.runner.supervision.records import log_gap

CASES = json.loads((Path(__file__).parents[4] / "cases/log_gaps.json").read_text("utf-8"))
GAPS = [case for case in CASES if case["gap"]]


@pytest.mark.parametrize("case", GAPS, ids=lambda case: case["text"])
def test_a_line_has_the_english_text_and_the_reason(case: dict[str, Any]) -> None:
    gap, why = case["gap"], case["gap"]["params"]["why"]
    if gap["code"] == "log-gap-uncounted":
        line = log_gap.uncounted_gap_line(why)
    else:
        is_least = gap["code"] == "log-gap-at-least"
        params = gap["params"]
        line = log_gap.gap_line(params["lines"], params["size"], why, is_least=is_least)
    assert line.decode() == f"\n{case['line']}\n"


@pytest.mark.parametrize("case", GAPS, ids=lambda case: case["text"])
def test_the_text_is_the_one_of_the_catalogue(case: dict[str, Any]) -> None:
    assert str(read_reason(case["gap"])) == case["text"]
    assert case["line"].startswith(f"[nbyard: {case['text']}] ")


def test_a_refused_write_has_the_message_of_the_system() -> None:
    error = OSError(28, os.strerror(28))
    assert log_gap.refused_write(error) == GAPS[1]["gap"]["params"]["why"]


@pytest.mark.parametrize("why", [log_gap.log_limit(), log_gap.log_forgotten()])
def test_its_reasons_are_known_to_the_runner(why: dict[str, Any]) -> None:
    assert is_reason(why)
