"""The lanes of the check hold every test, each once."""

from pathlib import Path

import pytest
from tests.support.postgres import FOLDERS

from checks import plan
from checks.chosen import stages_of_paths
from checks.plan import Stage, holds

ROOT = Path(__file__).resolve().parents[4]
FILES = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "tests").rglob("test_*.py"))


def test_each_test_file_is_in_one_step_of_the_whole_check():
    steps = [step for stage in plan.everything() for step in stage.steps]
    steps = [step for step in steps if step.name != "postgresql"]
    assert {file for file in FILES if sum(holds(step, file) for step in steps) != 1} == set()


@pytest.mark.parametrize(
    ("stages", "groups"),
    [
        ((plan.fast("fast"),), []),
        (stages_of_paths(ROOT, ["src/api"]), []),
        (stages_of_paths(ROOT, ["tests/unit/domain"]), ["postgresql"]),
        (stages_of_paths(ROOT, ["tests/unit/store/runs/test_queries.py::test_x"]), ["postgresql"]),
        (
            stages_of_paths(ROOT, ["tests/unit/domain", "tests/integration/docker"]),
            ["postgresql", "services"],
        ),
        (stages_of_paths(ROOT, ["ui-tests/journeys/cwl.spec.ts"]), ["postgresql", "services"]),
        (plan.everything(), ["postgresql", "services"]),
        ((plan.evidence_of(["podman"]),), ["postgresql", "services", "evidence"]),
        ((*plan.everything(), plan.evidence_of([])), ["postgresql", "services", "evidence"]),
    ],
)
def test_only_programs_that_the_steps_start_are_installed(
    stages: tuple[Stage, ...], groups: list[str]
):
    assert plan.programs(stages) == groups


def test_tests_that_the_unit_lane_omits_are_in_the_postgresql_lane():
    (lane,) = [step for step in plan.LANES if step.name == "postgresql"]
    folders = [f"tests/unit/{folder}" for folder in FOLDERS]  # others, `conftest.py` refuses
    assert [*lane.command[-7:]] == ["-m", "postgresql and not long", *folders]
    assert "not postgresql" in plan.unit_tests("quick").command


def test_only_the_fast_check_leaves_out_slow_tests():
    (fast, *_), (whole, *_) = (stage.steps for stage in (plan.fast("fast"), plan.everything()[0]))
    assert " and not slow" in str(fast.command) and "not postgresql" in str(fast.command)
    assert not any("slow" in word for word in whole.command)


def test_each_file_of_long_evidence_is_in_one_lane_of_it():
    marks = ("mark.long", "mark.sample")
    long = [file for file in FILES if any(mark in (ROOT / file).read_text() for mark in marks)]
    assert len(long) > 10
    assert [file for file in long if sum(holds(lane, file) for lane in plan.EVIDENCE) != 1] == []


@pytest.mark.parametrize("step", [*plan.LANES, *plan.EVIDENCE, plan.unit_tests("quick")])
def test_paths_of_each_step_exist(step):
    for word in step.command:
        if (name := word.removeprefix("--ignore=")).startswith(("tests/", "benchmarks/")):
            assert (ROOT / name).exists(), name


def test_lanes_have_names_of_their_own():
    for steps in (plan.EVIDENCE, [step for stage in plan.everything() for step in stage.steps]):
        names = [step.name for step in steps]
        assert len(set(names)) == len(names)


def test_an_unknown_lane_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"No lane soup.* .*soak"):
        plan.evidence_of(["soup"])
    assert [step.name for step in plan.evidence_of(["soak"]).steps] == ["soak"]
    assert len(plan.evidence_of([]).steps) == len(plan.EVIDENCE)


def test_the_load_of_a_step_fits_the_machine():
    """The plan is for two cores or more: on one core a larger step runs alone."""
    share = max(2, plan.CORES) / plan.CORES
    for stage in plan.everything():
        assert all(step.load <= stage.capacity * share for step in stage.steps)


def test_a_part_of_a_lane_has_its_workers_its_load_and_other_paths():
    lanes = {step.name: step for step in plan.LANES}
    part = plan.part(lanes["dask"], ["tests/integration/dask/test_tls.py"])
    workers = part.command.index("--numprocesses")
    assert part.command[workers + 1] == "1"
    assert part.load == lanes["dask"].load
    assert [word for word in part.command if "tests/" in word] == [
        "tests/integration/dask/test_tls.py"
    ]


@pytest.mark.parametrize(
    ("lane", "file", "long"),
    [
        ("faults", "tests/faults/test_engines.py", "engine-faults"),
        ("docker", "tests/integration/docker/test_podman.py", "podman"),
        ("dask", "tests/integration/dask/test_job_queue.py", "job-queues"),
        ("dask", "tests/integration/dask/test_gateway.py", "dask"),
    ],
)
def test_a_part_of_a_lane_names_the_lane_of_its_long_tests(lane, file, long):
    (step,) = [step for step in plan.LANES if step.name == lane]
    assert step.long_lanes == ()
    assert plan.part(step, [file]).long_lanes == (long,)
