"""How a bisection judges runs."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.bisections.structs import (
    BisectionJudge,
    Metrics,
    check_limit_of_probes,
    hint_of_metrics,
    judge_of,
)
from nbyard.errors import Invalid

NUMBERS = st.floats(-1e9, 1e9)


@pytest.mark.parametrize(
    ("state", "verdict"), [("succeeded", "good"), ("failed", "bad"), ("cancelled", "unclear")]
)
def test_a_run_is_judged_by_its_state(state: str, verdict: str) -> None:
    assert judge_of("", "", None, None, None).verdict(state, None) == verdict


@given(NUMBERS, NUMBERS)
def test_both_runs_must_match_their_verdict(good: float, bad: float) -> None:
    if good == bad:
        return
    try:
        judge = judge_of("a.score", "a", None, good, bad)
    except Invalid:
        assert math.isclose(good, bad), "only numbers beside each other have no middle"
        return
    assert (judge.node, judge.metric) == ("a", "score")
    assert (judge.verdict("succeeded", good), judge.verdict("failed", bad)) == ("good", "bad")


@pytest.mark.parametrize("value", [None, "nan", math.nan])
def test_a_run_without_the_number_is_unclear(value: float | str | None) -> None:
    assert BisectionJudge("a", "score", 1.0).verdict("succeeded", value) == "unclear"


@pytest.mark.parametrize(
    ("metric", "threshold", "good", "bad", "field"),
    [
        ("", 1.0, None, None, "threshold"),
        ("a.b", None, 1.0, None, "metric"),
        ("a.b", None, 1.0, "inf", "metric"),
        ("a.b", None, math.nan, 1.0, "metric"),
        ("a.b", None, 1.0, 1.0, "metric"),
        ("a.b", 3.0, 1.0, 2.0, "threshold"),
        ("a.b", 1.0, 2.0, 1.0, "threshold"),
    ],
)
def test_a_judge_that_distinguishes_no_runs_is_refused(
    metric: str, threshold: float | None, good: float, bad: float, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        judge_of(metric, "a", threshold, good, bad)
    assert [one.path for one in refused.value.details] == [field]


def test_a_hint_names_metrics_that_differ() -> None:
    good: Metrics = {"a": {"loss": 1, "same": 2, "text": "nan", "gone": 3}, "b": {"total": 4}}
    bad: Metrics = {"a": {"loss": 2, "same": 2, "text": 5}, "b": {"total": 4.5}, "c": {"new": 1}}
    assert ": a.loss, b.total." in hint_of_metrics(good, bad)
    assert "nbyard.log_metric" in hint_of_metrics(good, {})
    for value in (1.0, None):
        with pytest.raises(Invalid) as refused:
            judge_of("a.x", "a", None, 1.0, value, hint_of_metrics(good, bad))
        assert "a.loss, b.total" in refused.value.hint


def test_a_threshold_may_be_the_good_value() -> None:
    judge = judge_of("a.b", "a", 2.0, 2.0, 1.0)
    assert judge.verdict("", 2) == "good" and judge.verdict("", 1.999) == "bad"


@pytest.mark.parametrize("limit", [0, 1, 201])
def test_a_limit_out_of_range(limit: int) -> None:
    with pytest.raises(Invalid):
        check_limit_of_probes(limit)
