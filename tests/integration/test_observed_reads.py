"""The cache goes by what work read: never a result that running would not give, and none made anew
for files that nobody read."""

from collections.abc import Collection
from pathlib import Path

import pytest

from .observing import COME, COMPUTED, PROGRAMS, check_never_stale, check_run, lay
from .test_runs import Project, project, states

__all__ = ["project"]
SHORT = pytest.mark.timeout(900)
LIGHT = ("of_settings", "from_settings", "line")  # they import no large library
LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture
def programs(project: Project) -> Project:
    return lay(project, PROGRAMS)


@pytest.mark.parametrize("rounds", [pytest.param(2, marks=SHORT), pytest.param(100, marks=LONG)])
def test_no_result_is_stale(programs: Project, tmp_path: Path, rounds: int) -> None:
    """X1, K8: a hundred rounds are 2,000 cases."""
    check_never_stale(programs, tmp_path / "copy", rounds)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("names", [LIGHT, pytest.param(COMPUTED, marks=pytest.mark.long)])
def test_files_of_computed_names_make_nodes_run(
    project: Project, tmp_path: Path, names: Collection[str]
) -> None:
    """X1: names from other modules, from functions that others call, and of less known readers."""
    lay(project, names)
    check_run(project, tmp_path / "copy", "before")
    for name, text in COME.items():
        (project.root / name).write_text(text)
    check_run(project, tmp_path / "copy", "after")


@pytest.mark.timeout(300)
def test_files_that_nobody_read_make_few_nodes_run(programs: Project) -> None:
    """X1: those that ask other programs, sizes or computed names, and those that listed. Of one
    that says so every file counts."""
    assert set(states(programs.run()).values()) == {"succeeded"}
    ask_any = {"bundled", "child", "child_lists"}
    for path, runs in {
        "notes.md": ask_any | {"size"},
        "new.bin": ask_any | {"tries", "config"},
        "d/new.bin": ask_any | {"tries", "config", "glob", "walk", "pattern", "moves"},
    }.items():
        (programs.root / path).write_text("changed")
        detail = programs.run()
        told = {task.node: task.why for task in detail.tasks if not task.cached}
        # a link that is gone again counts as one to every file that was touched meanwhile, such as
        # by another attempt that shares its bytes
        assert runs <= set(told) <= runs | {"link", "hard_link"}, told


def test_a_file_that_may_no_longer_be_executed_is_another_one(project: Project) -> None:
    """X1: a script that the code starts, or about which it asks."""
    tool = project.root / "tool.sh"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    project.notebook("starts", "import subprocess\nsubprocess.run(['./tool.sh'], check=True)")
    project.notebook("asks", "import os\nassert os.access('tool.sh', os.X_OK)")
    assert states(project.run()) == {"starts": "succeeded", "asks": "succeeded"}
    tool.chmod(0o644)
    assert states(project.run()) == {"starts": "failed", "asks": "failed"}
