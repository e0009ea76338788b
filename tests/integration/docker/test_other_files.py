"""Undeclared files that work in containers writes."""

import pytest

from nbyard.domain.attempts.other_files import LeftOut

from ..test_runs import ADA, Project

WRITE = """
import os, pathlib
os.makedirs("plots"), os.makedirs("dist"), os.makedirs("__pycache__")
for name, text in (("result.csv", "1"), ("plots/a.svg", "svg"), ("table.csv", "9s it was")):
    pathlib.Path(name).write_text(text)
for name in ("dist/x", "__pycache__/x"):
    pathlib.Path(name).write_text("left out")
pathlib.Path("large.txt").write_text("a line that is longer than all others")
os.symlink("/etc/passwd", "link")
os.chmod("same.csv", 0o700)
"""


@pytest.mark.sample(2)
@pytest.mark.parametrize("fails", [False, True])
def test_undeclared_files_are_the_same_as_of_a_process(project: Project, fails: bool) -> None:
    """This also holds for failed work. Files that are not kept are named."""
    project.dispatching.settings.max_other_files = 3
    for name in ("table.csv", "same.csv"):
        (project.root / name).write_text("as it was")
    (project.root / "step.py").write_text(WRITE + ("exit(1)\n" if fails else ""))
    project.nodes["step"] = {"type": "executable", "path": "step.py"}
    here, run = project.run(runtime="process"), project.run(runtime="docker")
    (there,) = run.tasks
    assert (there.state, there.cached) == ("failed" if fails else "succeeded", False)
    assert there.attempts[0].runtime == "docker"
    assert there.other_files == here.tasks[0].other_files
    listed = project.yard.services.runs.files(ADA, run.run.id, "step")
    assert [one.path for one in listed.files] == ["plots/a.svg", "result.csv", "table.csv"]
    assert listed.left_out == [
        LeftOut("dist/", "ignored", 8),
        LeftOut("large.txt", "too-many", 37),
        LeftOut("link", "link"),
    ]


@pytest.mark.sample(1)
def test_undeclared_files_of_a_notebook_are_fetched(project: Project) -> None:
    """The runner in the container writes the result."""
    project.notebook("note", "x = 1", "open('result.csv', 'w').write('1')")
    run = project.run(runtime="docker")
    assert run.run.state == "succeeded", run.tasks[0].reason
    listed = project.yard.services.runs.files(ADA, run.run.id, "note")
    assert [one.path for one in listed.files] == ["result.csv"]
