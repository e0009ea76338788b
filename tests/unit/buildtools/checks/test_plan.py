"""The lanes of the check hold every test, each once."""

from fnmatch import fnmatch
from pathlib import Path

import pytest

from checks import plan

ROOT = Path(__file__).resolve().parents[4]
FILES = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "tests").rglob("test_*.py"))


def holds(step: plan.Step, file: str) -> bool:
    """Whether pytest would collect that file in that step."""
    left_out = [word.partition("=")[2] for word in step.command if word.startswith("--ignore=")]
    inside = [word for word in step.command if word.startswith("tests/")]
    return any(_below(file, top) for top in inside) and not any(
        _below(file, top) for top in left_out
    )


def _below(file: str, top: str) -> bool:
    return file == top or fnmatch(file, f"{top}/*")


@pytest.mark.parametrize("file", FILES)
def test_each_test_file_is_in_one_step_of_the_whole_check(file):
    steps = [step for stage in plan.everything() for step in stage.steps]
    assert [step.name for step in steps if holds(step, file)].__len__() == 1


@pytest.mark.parametrize(
    "file", [f for f in FILES if not f.startswith(("tests/unit", "tests/arch"))]
)
def test_each_test_file_is_in_one_lane_of_long_evidence(file):
    if "mark.long" in (ROOT / file).read_text() or "mark.sample" in (ROOT / file).read_text():
        assert [step.name for step in plan.EVIDENCE if holds(step, file)].__len__() == 1


@pytest.mark.parametrize("step", [*plan.LANES, *plan.EVIDENCE, plan.unit_tests("quick")])
def test_what_a_step_names_exists(step):
    for word in step.command:
        if (name := word.removeprefix("--ignore=")).startswith(("tests/", "benchmarks/")):
            assert (ROOT / name).exists(), name


def test_lanes_have_names_of_their_own():
    for steps in (plan.EVIDENCE, [step for stage in plan.everything() for step in stage.steps]):
        names = [step.name for step in steps]
        assert len(set(names)) == len(names)


def test_an_unknown_lane_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"No lane soup. There are: .*soak"):
        plan.evidence_of(["soup"])
    assert [step.name for step in plan.evidence_of(["soak"]).steps] == ["soak"]
    assert len(plan.evidence_of([]).steps) == len(plan.EVIDENCE)


def test_the_load_of_a_step_fits_the_machine():
    for stage in plan.everything():
        assert all(step.load <= stage.capacity for step in stage.steps)
