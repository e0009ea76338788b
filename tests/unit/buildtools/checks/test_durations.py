"""How long a selection will take, by the times of earlier checks."""

from pathlib import Path

import pytest

from checks import plan
from checks.durations import announced, file_of, remember
from checks.plan import LANES, Stage, Step, journeys, part
from checks.results import Case
from checks.running import Outcome

INTEGRATION = next(step for step in LANES if step.name == "integration")
ONE, OTHER = "tests/integration/test_runs.py", "tests/integration/test_docs.py"
JUNIT = """<testsuite>
<testcase classname="tests.integration.test_runs" name="test_a" time="200"/>
<testcase classname="tests.integration.test_runs.TestB" name="test_b" time="160"/>
</testsuite>"""


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "RECORDS", tmp_path)


def lines(*steps: Step) -> list[str]:
    return list(announced([Stage(steps, 2.0)]))


def test_a_test_leads_to_its_file():
    assert (
        file_of(Case("tests.unit.test_ids.TestA::test_b", 1, "passed")) == "tests/unit/test_ids.py"
    )
    assert file_of(Case("cwl.spec.ts::a tool", 1, "passed")) == "ui-tests/journeys/cwl.spec.ts"
    assert file_of(Case("Jest test::of a form", 1, "passed")) == ""


def test_without_records_the_lanes_and_numbers_of_files_are_announced():
    step = part(INTEGRATION, [ONE, OTHER])
    assert lines(step, journeys("/cwl.spec"), Step("python-lint", ("ruff",))) == [
        "  integration       2 test files",
        "  journeys          1 test file",
        "  other steps: 1",
    ]


def test_recorded_times_are_divided_among_the_workers():
    step = part(INTEGRATION, [ONE])
    step.junit.write_text(JUNIT)
    remember([Outcome(step, 0, 190.0, 0.0)])
    assert "1 test file, about 2" in lines(step)[0]
    assert lines(step)[-1].startswith("About 3 minutes")
    both = part(INTEGRATION, [ONE, OTHER])
    last = lines(both, journeys())[-1]
    assert last.startswith("About 6 minutes") and last.endswith("without journeys.")


def test_two_journeys_run_at_once():
    step = journeys("/cwl.spec")
    step.junit.write_text(
        '<testsuite><testcase classname="cwl.spec.ts" name="a" time="480"/></testsuite>'
    )
    remember([Outcome(step, 0, 490.0, 0.0)])
    assert lines(step)[-1].startswith("About 4 minutes")


def test_a_whole_step_is_expected_to_take_as_long_as_the_last_one():
    lint = plan.fast().steps[1]
    remember([Outcome(lint, 0, 240.0, 0.0)])
    assert lines(lint)[-1].startswith("About 4 minutes")


def test_long_evidence_is_not_recorded():
    step = plan.evidence("integration", "tests/integration")
    step.junit.write_text(JUNIT)
    remember([Outcome(step, 0, 3000.0, 0.0)])
    assert len(lines(part(INTEGRATION, [ONE]))) == 2
