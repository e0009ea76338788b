"""What a changed file affects: in doubt, everything."""

import subprocess
from pathlib import Path

import pytest

from checks.affected import SHOWN, affected, changed_since

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    "name", ["pyproject.toml", "check", "new/folder.bin", "buildtools/machine.sh"]
)
def test_what_may_change_anything_and_what_is_unknown_run_everything(repository_graph, name):
    assert affected(repository_graph, [name]).everything == name


def test_a_deleted_source_runs_everything(repository_graph):
    assert affected(repository_graph, ["jupyter_ext/nbyard/no_longer_there.py"]).everything


def test_a_page_runs_the_tests_of_the_documentation(repository_graph):
    selection = affected(repository_graph, ["docs/glossary.md"])
    assert not selection.everything
    assert selection.languages == {"documents"}
    assert "tests/architecture/test_docs.py" in selection.tests
    assert selection.journeys == set()
    assert not selection.of_lane("unit/store")


def test_a_panel_runs_its_journeys_and_jest(repository_graph):
    selection = affected(repository_graph, ["src/panels/datasets/DatasetPage.tsx"])
    assert selection.everything, "a file that is not there"
    present = next((ROOT / "src/panels/datasets").glob("*.tsx")).relative_to(ROOT).as_posix()
    selection = affected(repository_graph, [present])
    assert selection.typescript == {present}
    assert "datasets" in selection.journeys
    assert "deployments" not in selection.journeys
    assert selection.tests == set()


def test_the_canvas_runs_all_journeys(repository_graph):
    assert affected(repository_graph, ["src/canvas/Stage.tsx"]).journeys == {"*"}


def test_a_test_case_file_runs_the_tests_that_read_it(repository_graph):
    selection = affected(repository_graph, ["tests/cases/edges.json"])
    assert "tests/unit/domain/test_edges.py" in selection.tests


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("benchmarks/nodes.py", "tests/benchmarks/test_benchmarks.py"),
        ("benchmarks/state_latency.mjs", "tests/benchmarks/test_benchmarks.py"),
        ("dev", "tests/integration/test_dev.py"),
        ("docs/conf.py", "tests/integration/test_site.py"),
        ("src/panels/lazy.ts", "tests/integration/contribute/test_examples.py"),
    ],
)
def test_a_program_runs_the_test_that_starts_it(repository_graph, name, test):
    selection = affected(repository_graph, [name])
    assert test in selection.tests
    assert not selection.everything


def test_a_file_is_run_in_one_lane_only(repository_graph):
    selection = affected(repository_graph, ["jupyter_ext/nbyard/dispatch/loop.py"])
    lanes = [selection.of_lane(lane) for lane in ("integration", "integration/docker")]
    assert all(lanes)
    assert not set(lanes[0]) & set(lanes[1])


def test_each_journey_of_the_map_exists():
    for names in SHOWN.values():
        for name in names:
            assert (ROOT / f"ui-tests/journeys/{name}.spec.ts").is_file(), name


def test_changes_are_those_of_git_and_new_files(tmp_path):
    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--quiet")
    (tmp_path / "kept.py").write_text("")
    (tmp_path / "gone.py").write_text("")
    git("add", ".")
    git("commit", "--quiet", "--message=one")
    (tmp_path / "gone.py").unlink()
    (tmp_path / "new.py").write_text("")
    assert changed_since(tmp_path, "HEAD") == ["gone.py", "new.py"]
    with pytest.raises(ValueError, match="nowhere"):
        changed_since(tmp_path, "nowhere")
