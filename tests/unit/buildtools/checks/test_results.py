"""Reports from JUnit files."""

from dataclasses import replace
from pathlib import Path

import pytest

from checks import plan
from checks.plan import Step
from checks.results import (
    MESSAGE_LENGTH,
    NOTHING_COLLECTED,
    cases,
    cpu_seconds,
    failed,
    failures,
    processor,
    report,
    slowest,
    table,
    totals,
)
from checks.running import Outcome

JUNIT = """<testsuites><testsuite>
<testcase classname="a" name="quick" time="0.01"/>
<testcase classname="a" name="slow" time="3.5"/>
<testcase classname="a" name="bad" time="0.5">
<failure message="a is not&#10;b">trace</failure></testcase>
<testcase classname="a" name="broken" time="0.2"><error>no</error></testcase>
<testcase classname="a" name="left" time="0"><skipped/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Step:
    monkeypatch.setattr(plan, "RECORDS", tmp_path)
    made = Step("mine", ("true",))
    made.junit.write_text(JUNIT)
    made.log.write_text("one\ntwo\n5 passed\n")
    return made


def test_cases_have_a_verdict_and_seconds(step):
    assert [(case.name, case.verdict) for case in cases(step.junit)] == [
        ("a::quick", "passed"),
        ("a::slow", "passed"),
        ("a::bad", "failed"),
        ("a::broken", "failed"),
        ("a::left", "skipped"),
    ]


def test_slow_tests_are_sorted_and_quick_ones_omitted(step):
    names = [line.split("::")[1] for line in slowest(cases(step.junit))]
    assert names == ["slow", "bad", "broken"]
    assert len(list(slowest(cases(step.junit), 1))) == 1


@pytest.mark.parametrize(("code", "first"), [(0, "5 passed"), (1, "one")])
def test_a_step_that_failed_shows_its_log(step, code, first):
    lines = list(report(Outcome(step, code, 2.0, 1.0)))
    assert lines[0] == first
    assert any("a::slow" in line for line in lines)


def test_failures_are_named_with_the_start_of_their_message(step):
    outcome = Outcome(step, 1, 2.0, 1.0)
    assert list(failures([outcome])) == ["a::bad", "    a is not b", "a::broken", "    no"]


def test_a_message_is_shown_with_the_text_that_follows_it(step):
    """Playwright's has the values and the line, pytest's the line."""
    for message, text, shown in (
        (
            "1 == 2&#10; more",
            "t()&#10;E  1 == 2&#10;E  more&#10;&#10;t.py:9:",
            "1 == 2 E more t.py:9:",
        ),
        ("hidden", "Error: hidden&#10;Expected: 5&#10;> 9 |", "hidden Expected: 5 > 9 |"),
        ("failed on setup", "no fixture", "failed on setup"),
        ("x" * 500, "", "x" * MESSAGE_LENGTH),
    ):
        failure = f'<failure message="{message}">{text}</failure>'
        step.junit.write_text(f'<testsuite><testcase name="a">{failure}</testcase></testsuite>')
        assert list(failures([Outcome(step, 1, 2.0, 1.0)])) == ["a", f"    {shown}"]


def test_a_step_without_tests_counts_none(step):
    step.junit.unlink()
    outcome = Outcome(step, 0, 2.0, 1.0)
    assert list(report(outcome)) == ["5 passed"]
    expected = "Steps: 1 passed, 0 failed. Tests: 0 passed, 0 failed, 0 skipped"
    assert totals([outcome]) == expected


def test_the_last_line_counts_a_failed_lint(step):
    step.junit.unlink()
    assert "Steps: 0 passed, 1 failed" in totals([Outcome(step, 1, 2.0, 1.0)])


def test_a_part_of_a_lane_with_long_tests_only_passes_and_names_their_lane(step):
    part = replace(step, long_lanes=("podman",))
    outcome = Outcome(part, NOTHING_COLLECTED, 2.0, 1.0)
    assert not failed(outcome)
    lines = list(report(outcome))
    assert lines[0] == "5 passed"
    assert lines[1].endswith("./check --full podman")
    assert failed(Outcome(part, 1, 2.0, 1.0))


def test_a_whole_lane_without_a_test_fails(step):
    outcome = Outcome(step, NOTHING_COLLECTED, 2.0, 1.0)
    assert failed(outcome)
    assert not any("--full" in line for line in report(outcome))


def test_the_table_names_failures_and_the_last_line_counts_all(step):
    outcomes = [Outcome(step, 1, 2.4, 1.0), Outcome(step, 0, 2.0, 1.0)]
    assert [line.endswith("FAILED") for line in table(outcomes)] == [False, True, False]
    tests = "4 passed, 4 failed, 2 skipped"
    assert totals(outcomes) == f"Steps: 1 passed, 1 failed. Tests: {tests}"


def test_processor_time_is_summed_over_steps_and_counted_in_fixed_loops(step):
    outcomes = [Outcome(step, 1, 2.4, 1.0), Outcome(step, 0, 2.0, 4.5)]
    assert cpu_seconds(outcomes) == 5.5
    line = processor(5.5, 0.25, 3.0)
    assert "22 times" in line and "0.250 s" in line and "idle for 3 s" in line
