"""The cache follows the files that work reads: no stale result, and no rerun for files that it did
not read."""

import json
import os
import random
from collections.abc import Collection
from pathlib import Path

import pytest

from .drawn_programs import draw, lay_drawn
from .observing import COME, COMPUTED, PROGRAMS, check_never_stale, check_run, lay
from .test_runs import Project, project, states

__all__ = ["project"]
SHORT = pytest.mark.timeout(900)
LIGHT = ("of_settings", "from_settings", "line")  # they import no large library
LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.fixture
def programs(project: Project) -> Project:
    return lay(project, PROGRAMS)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_result_is_stale(programs: Project, tmp_path: Path) -> None:
    """Each round has 20 cases."""
    check_never_stale(programs, tmp_path / "copy", 25)


DRAWS = [
    pytest.param(0, 6, 2, marks=SHORT),
    *(pytest.param(n, 20, 10, marks=LONG) for n in range(1, 11)),
]


@pytest.mark.parametrize(("number", "count", "rounds"), DRAWS)
def test_no_result_of_drawn_programs_is_stale(
    project: Project, tmp_path: Path, number: int, count: int, rounds: int
) -> None:
    """Ten draws of twenty programs and ten rounds are 2,000 cases."""
    drawn = draw(random.Random(f"{os.environ['NBYARD_TEST_SEED']} {number}"), count)
    changes = lay_drawn(project, drawn)
    check_never_stale(project, tmp_path / "copy", rounds, changes)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("names", [LIGHT, pytest.param(COMPUTED, marks=pytest.mark.long)])
def test_changed_files_with_computed_names_rerun_nodes(
    project: Project, tmp_path: Path, names: Collection[str]
) -> None:
    """Names from other modules, from functions that others call, and from less common readers."""
    lay(project, names)
    check_run(project, tmp_path / "copy", "before")
    for name, text in COME.items():
        (project.root / name).write_text(text)
    check_run(project, tmp_path / "copy", "after")


@pytest.mark.timeout(900)
def test_changed_unread_files_rerun_few_nodes(programs: Project, tmp_path: Path) -> None:
    """Only nodes that ask other programs, file sizes or computed names, and those that listed
    the folder. For a node that declares it, every file counts. No result is stale."""
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
    check_never_stale(programs, tmp_path / "copy", 1)


def test_lost_execute_permission_counts_as_a_change(project: Project) -> None:
    """The code starts or checks the script."""
    tool = project.root / "tool.sh"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    project.notebook("starts", "import subprocess\nsubprocess.run(['./tool.sh'], check=True)")
    project.notebook("asks", "import os\nassert os.access('tool.sh', os.X_OK)")
    assert states(project.run()) == {"starts": "succeeded", "asks": "succeeded"}
    tool.chmod(0o644)
    assert states(project.run()) == {"starts": "failed", "asks": "failed"}


def test_paths_of_the_command_line_are_not_computed_names(project: Project) -> None:
    """A script with argparse reads only files that its command line names."""
    (project.root / "fit.py").write_text(
        "import argparse\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--table')\n"
        "parser.add_argument('--out')\n"
        "options = parser.parse_args()\n"
        "try:\n    found = open(options.table).read()\nexcept OSError:\n    found = 'none'\n"
        "with open(options.out, 'w') as handle:\n    handle.write(found)\n"
    )
    reach = {name: {"kind": "option", "flag": f"--{name}"} for name in ("table", "out")}
    arguments = [
        {"name": "table", "type": "string", "default": "later.csv", "reach": reach["table"]},
        {"name": "out", "role": "output", "format": "txt", "reach": reach["out"]},
    ]
    told = {"version": 1, "kind": "command", "arguments": arguments}
    (project.root / "fit.py.nbexec").write_text(json.dumps(told))
    project.nodes["fit"] = {"type": "executable", "path": "fit.py"}
    assert project.bytes_of(project.run(), "fit", "out") == b"none"
    (project.root / "notes.md").write_text("new")
    (task,) = project.run().tasks
    assert task.cached
    (project.root / "later.csv").write_text("x")
    assert project.bytes_of(project.run(), "fit", "out") == b"x"


def test_variable_named_like_an_argument_is_a_computed_name(project: Project) -> None:
    """Neither a script nor a notebook without that parameter uses the value of a variable."""
    code = (
        "name = ''.join(['ex', 'tra'])\n"
        "try:\n    found = open(name).read()\nexcept OSError:\n    found = 'none'\n"
    )
    named = {"name": "name", "type": "string", "default": "a"}
    option = {"kind": "option", "flag": "--name"}
    out = {"name": "out", "role": "output", "format": "txt", "reach": {"kind": "stdout"}}
    (project.root / "say.py").write_text(f"{code}print(found, end='')")
    told = {"version": 1, "kind": "command", "arguments": [{**named, "reach": option}, out]}
    (project.root / "say.py.nbexec").write_text(json.dumps(told))
    project.nodes["script"] = {"type": "executable", "path": "say.py"}
    project.notebook("book", "output_txt = 'o.txt'", f"{code}open(output_txt, 'w').write(found)")
    told = {"version": 1, "arguments": [named, {"name": "output_txt", "role": "output"}]}
    (project.root / "book.ipynb.nbexec").write_text(json.dumps(told))
    outputs = {"script": "out", "book": "output_txt"}
    for expected in (b"none", b"5"):
        detail = project.run()
        assert [project.bytes_of(detail, *one) for one in outputs.items()] == [expected] * 2
        (project.root / "extra").write_bytes(b"5")
