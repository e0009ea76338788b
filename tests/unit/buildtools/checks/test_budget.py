"""What keeps the check quick: numbers of tests fail it, and slow tests are named."""

from pathlib import Path

import pytest

from checks import budget, plan
from checks.budget import MAX_TESTS, SLOW_FILES, slow_tests, too_many
from checks.plan import Step, part
from checks.running import Outcome

ROOT = Path(__file__).resolve().parents[4]
LANES = {step.name: step for stage in plan.everything() for step in stage.steps}
LONG = {step.name: step for step in plan.EVIDENCE}


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "RECORDS", tmp_path)
    monkeypatch.setitem(MAX_TESTS, "faults", 2)


def outcome(step: Step, *tests: tuple[str, float]) -> Outcome:
    """Return the outcome of a step with such tests: their modules and seconds."""
    lines = (f'<testcase classname="{name}" name="t" time="{seconds}"/>' for name, seconds in tests)
    step.junit.write_text(f"<testsuite>{''.join(lines)}</testsuite>")
    return Outcome(step, 0, 1.0, 1.0)


@pytest.mark.parametrize(("tests", "lines"), [(2, 0), (3, 1)])
def test_a_lane_with_too_many_tests_is_named(tests: int, lines: int):
    told = list(too_many([outcome(LANES["faults"], *[("tests.faults.test_a", 1.0)] * tests)]))
    assert len(told) == lines
    assert all("faults has 3" in line and "at most 2" in line for line in told)


def test_parts_and_long_evidence_have_no_limit():
    many = [("tests.faults.test_a", 1.0)] * 3
    steps = (part(LANES["faults"], ["tests/faults/test_clocks.py"]), LONG["faults"])
    assert [*too_many(outcome(step, *many) for step in steps)] == []


def test_slow_tests_without_a_reason_are_named_the_slowest_first():
    tests = [("tests.faults.test_a", 21.0), ("tests.faults.test_b", 30.0)]
    tests += [("tests.faults.test_c", 19.0), ("tests.faults.test_two_of_each", 99.0)]
    told = list(slow_tests([outcome(LANES["faults"], *tests)]))
    assert [line.rpartition(" ")[2] for line in told] == [
        "tests.faults.test_b::t",
        "tests.faults.test_a::t",
    ]
    assert told[0].startswith("SLOW: 30 s, above 20 s")


def test_a_journey_may_take_longer_and_long_evidence_as_long_as_it_needs():
    assert [*slow_tests([outcome(LANES["journeys"], ("pins.spec.ts", 35.0))])] == []
    assert len([*slow_tests([outcome(LANES["journeys"], ("pins.spec.ts", 45.0))])]) == 1
    for step in (LONG["journeys"], LONG["faults"], plan.pytest("chosen", "tests/faults")):
        assert [*slow_tests([outcome(step, ("tests.faults.test_a", 999.0))])] == []


def test_each_lane_with_tests_has_a_limit():
    have_tests = {name for name, step in LANES.items() if {"pytest", "test"} & {*step.command}}
    have_tests.remove("typescript-tests")  # a thousand take seconds
    assert have_tests == {*MAX_TESTS}
    assert {*budget.SLOW_SECONDS_OF} <= have_tests


@pytest.mark.parametrize("file", SLOW_FILES)
def test_a_file_with_a_reason_exists(file: str):
    assert (ROOT / file).exists()
