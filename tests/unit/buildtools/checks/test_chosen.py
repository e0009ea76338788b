"""Parts of the check: paths that somebody names, and what a change affects."""

from pathlib import Path

import pytest

from checks.affected import Selection
from checks.chosen import stages_of, stages_of_paths
from checks.plan import CORES, LANES, Stage, everything

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def commands(stages: tuple[Stage, ...]) -> dict[str, str]:
    return {step.name: " ".join(step.command) for stage in stages for step in stage.steps}


@pytest.mark.parametrize(
    ("path", "step", "runs"),
    [
        ("tests/unit/test_errors.py", "chosen", "tests/unit/test_errors.py"),
        ("tests/unit/test_errors.py::test_x", "chosen", "tests/unit/test_errors.py::test_x"),
        ("jupyter_ext/nbyard/domain/ids.py", "chosen", "tests/unit/domain/test_ids.py"),
        ("buildtools/bundle.py", "chosen", "tests/unit/buildtools/test_bundle.py"),
        ("src/components", "typescript-tests", "test -- src/components"),
        ("ui-tests/journeys/cwl.spec.ts", "journeys", "/cwl.spec.ts"),
    ],
)
def test_a_path_runs_its_own_tests(path, step, runs):
    found = commands(stages_of_paths(ROOT, [path]))
    assert list(found) == [step]
    assert runs in found[step]


@pytest.mark.parametrize(
    ("path", "steps", "workers"),
    [
        ("tests/unit/serving", {"unit-tests"}, CORES),
        ("jupyter_ext/nbyard/serving", {"unit-tests", "integration"}, None),
        ("tests/faults", {"faults"}, 2),
        ("tests/integration/dask", {"dask"}, 1),
        ("tests/integration", {"integration", "docker", "dask"}, None),
        ("benchmarks", {"benchmarks"}, 1),
    ],
)
def test_a_folder_runs_in_its_lanes_without_long_tests(path, steps, workers):
    found = commands(stages_of_paths(ROOT, [path]))
    assert set(found) == steps
    for command in found.values():
        assert "-m not long" in command
        assert f"--numprocesses {workers or 2}" in command or not workers


def test_a_file_that_is_named_runs_its_long_tests_beside_a_folder():
    found = commands(stages_of_paths(ROOT, ["tests/faults/test_soak.py", "tests/unit/cli"]))
    assert set(found) == {"chosen", "unit-tests"}
    assert "-m not long" not in found["chosen"]
    assert "test_soak" not in found["unit-tests"]


def test_all_journeys_run_for_their_folder():
    words = commands(stages_of_paths(ROOT, ["ui-tests"]))["journeys"]
    assert words.endswith("-- --grep-invert @long")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.py", "There is no nowhere.py"),
        ("LICENSE", "no tests of its own"),
        ("tests/cases", "no tests of its own"),
    ],
)
def test_a_path_without_tests_is_refused(path, message):
    with pytest.raises(ValueError, match=message):
        stages_of_paths(ROOT, [path])


def test_a_selection_runs_each_file_in_its_lane():
    selection = Selection(
        tests={
            "tests/unit/test_errors.py",
            "tests/integration/test_runs.py",
            "tests/integration/docker/test_warm.py",
        },
        journeys={"penguins"},
        typescript={"src/index.ts"},
        languages={"python"},
    )
    found = commands(stages_of(selection))
    assert "tests/unit/test_errors.py" in found["unit-tests"]
    assert found["integration"].endswith("tests/integration/test_runs.py")
    assert found["docker"].endswith("tests/integration/docker/test_warm.py")
    assert found["journeys"].endswith("/penguins.spec --grep-invert @long")
    assert "--findRelatedTests src/index.ts" in found["typescript-tests"]
    assert "python-types" in found
    assert "typescript-lint" not in found


def test_a_journey_that_changed_runs_with_its_long_tests():
    found = commands(stages_of(Selection(journeys={"penguins"}, specs={"cwl"})))
    assert found["journeys"].endswith("/cwl.spec /penguins.spec")


def test_the_lane_of_postgresql_takes_its_cases_from_the_unit_tests():
    selection = Selection(tests={"tests/unit/store/test_migrate.py"}, lanes={"postgresql"})
    found = commands(stages_of(selection))
    assert found["postgresql"].endswith("tests/unit/services/runs tests/unit/store")
    assert "-m not long and not postgresql tests/unit/store" in found["unit-tests"]


def test_each_lane_keeps_its_load_and_its_workers_in_a_selection():
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    _, second = stages_of(Selection(tests=tests, journeys={"*"}))
    lanes = {step.name: step for step in LANES if step.name != "postgresql"}
    assert {step.name: step.load for step in second.steps} == {
        name: lane.load for name, lane in lanes.items()
    }
    assert second.capacity == everything()[1].capacity
    for step in second.steps:
        assert all(
            word in step.command
            for word in lanes[step.name].command
            if not word.removeprefix("--ignore=").startswith("tests/")
        )


def test_files_that_may_affect_anything_run_everything():
    assert stages_of(Selection(everything="check")) == everything()
