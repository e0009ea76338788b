"""What a changed file affects: in doubt, everything."""

import re
import subprocess
from pathlib import Path

import pytest

from checks.affected import SHOWN, affected, changed_since
from checks.graph import Graph

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]


PACKAGE = "jupyter_ext/nbyard"


@pytest.mark.parametrize(
    "name",
    [
        "pyproject.toml",
        "check",
        "buildtools/machine.sh",
        "buildtools/set_up.sh",
        ".prettierrc.json",
        ".prettierignore",
        ".stylelintrc.json",
        "eslint.config.mjs",
        "scripts/layout.mjs",
    ],
)
def test_files_that_may_affect_anything_run_everything(repository_graph, name):
    assert affected(repository_graph, [name]).everything == f"{name} may change anything"


def test_a_program_that_is_started_as_a_module_runs_everything(repository_graph):
    """No import leads to it: with its tests unknown, a few tests would be too few."""
    name = f"{PACKAGE}/dispatch/__main__.py"
    assert affected(repository_graph, [name]).everything == f"no test reaches {name}"


def test_a_deleted_source_runs_everything(repository_graph):
    name = f"{PACKAGE}/no_longer_there.py"
    assert affected(repository_graph, [name]).everything == f"{name} is deleted"


def test_a_migration_runs_the_tests_of_the_store_and_of_postgresql(repository_graph):
    (name, *_) = sorted((ROOT / PACKAGE / "store/migrations/versions").glob("0*.py"))
    selection = affected(repository_graph, [name.relative_to(ROOT).as_posix()])
    assert not selection.everything
    assert {
        "tests/unit/store/test_migrate.py",
        "tests/faults/test_migrations.py",
    } <= selection.tests
    assert not [test for test in selection.tests if test.startswith("tests/unit/rest/")]
    assert selection.lanes == {"postgresql"}
    assert selection.journeys == set()


@pytest.mark.parametrize(
    "name",
    [
        "src/runs/actions.ts",
        f"{PACKAGE}/services/runs/service.py",
        f"{PACKAGE}/store/runs/queries.py",
        f"{PACKAGE}/domain/runs/structs.py",
    ],
)
def test_the_code_of_runs_runs_the_journeys_that_show_runs(repository_graph, name):
    journeys = affected(repository_graph, [name]).journeys
    assert "results" in journeys
    assert "*" not in journeys and "deployments" not in journeys


def test_a_new_operation_skips_most_journeys(repository_graph):
    names = [f"{PACKAGE}/rest/openapi.json", "src/api/routes.ts", "src/api/schema.ts"]
    assert "*" not in affected(repository_graph, names).journeys


def test_a_changed_journey_also_runs_with_its_long_tests(repository_graph):
    selection = affected(repository_graph, ["ui-tests/journeys/cwl.spec.ts"])
    assert (selection.specs, selection.journeys) == ({"cwl"}, set())


def test_a_page_runs_the_tests_of_the_documentation(repository_graph):
    selection = affected(repository_graph, ["docs/glossary.md"])
    assert not selection.everything
    assert selection.languages == {"documents"}
    assert "tests/architecture/test_docs.py" in selection.tests
    assert selection.journeys == set()
    assert not [test for test in selection.tests if test.startswith("tests/unit/store/")]


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
    assert affected(repository_graph, ["src/canvas/stage/Stage.tsx"]).journeys == {"*"}


def test_a_test_case_file_runs_the_tests_that_read_it(repository_graph):
    selection = affected(repository_graph, ["tests/cases/edges.json"])
    assert "tests/unit/domain/workflows/test_edges.py" in selection.tests


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("benchmarks/nodes.py", "tests/benchmarks/test_benchmarks.py"),
        ("benchmarks/state_latency.mjs", "tests/benchmarks/test_benchmarks.py"),
        ("dev", "tests/integration/test_dev.py"),
        ("buildtools/command_table.py", "tests/integration/contribute/test_examples.py"),
        ("buildtools/reference.py", "tests/integration/contribute/test_examples.py"),
        ("ui-tests/lab/chromium.py", "tests/integration/test_chromium.py"),
        ("tests/faults/zygote.py", "tests/faults/test_power_cuts.py"),
        ("tests/integration/docker/served.py", "tests/integration/docker/test_serving.py"),
        ("examples/penguins/get_data.py", "tests/integration/test_docs.py"),
        ("examples/penguins/evaluate.py", "tests/integration/test_docs.py"),
        ("examples/penguins/evaluate.py", "tests/integration/docker/test_penguins.py"),
        ("examples/penguins/clean.ipynb", "tests/integration/docker/test_penguins.py"),
        ("examples/pipeline/split/split.py", "tests/integration/docker/test_pipeline.py"),
        ("docs/conf.py", "tests/integration/test_site.py"),
        ("src/panels/sidebar/Sidebar.tsx", "tests/integration/contribute/test_examples.py"),
    ],
)
def test_a_program_runs_the_test_that_starts_it(repository_graph, name, test):
    selection = affected(repository_graph, [name])
    assert test in selection.tests
    assert not selection.everything


def test_the_code_of_a_command_runs_tests_of_the_command_line(repository_graph):
    """No import leads from `nbyard.cli.main` to it."""
    for name in ("commands/credentials.py", "commands.json"):
        selection = affected(repository_graph, [f"{PACKAGE}/cli/{name}"])
        assert not selection.everything
        assert "tests/unit/cli/commands/test_credentials.py" in selection.tests
        assert "tests/integration/cli/test_main.py" in selection.tests


def test_the_openapi_document_runs_the_check_of_generated_typescript(repository_graph):
    selection = affected(repository_graph, [f"{PACKAGE}/rest/openapi.json"])
    assert "typescript" in selection.languages
    assert "tests/unit/rest/test_openapi.py" in selection.tests


def test_files_that_start_the_engine_of_the_journeys_run_all_journeys(repository_graph):
    text = (ROOT / "ui-tests/lab/run.ts").read_text()
    names = re.findall(r"tests\.support\.(\w+)|tests\.support import (\w+)", text)
    waiting = [f"tests/support/{first or second}.py" for first, second in names]
    assert len(waiting) == 2
    starting: set[str] = set()
    while waiting:
        if (name := waiting.pop()) not in starting:
            starting.add(name)
            needs = repository_graph.needs[name]
            waiting += [other for other in needs if other.startswith("tests/support/")]
    assert [name for name in starting if "*" not in _journeys(repository_graph, name)] == []
    assert "*" not in _journeys(repository_graph, "tests/support/fake_runtime_bench.py")


def _journeys(graph: Graph, name: str) -> set[str]:
    return affected(graph, [name]).journeys


def test_each_journey_of_the_map_exists():
    for names in SHOWN.values():
        for name in {*names} - {"*"}:
            assert (ROOT / f"ui-tests/journeys/{name}.spec.ts").is_file(), name


def test_changes_come_from_git_and_new_files(tmp_path):
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
