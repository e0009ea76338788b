"""Undeclared files that work on a cluster writes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.domain.attempts.other_files import LeftOut

from ..test_runs import ADA, OUT, Project
from .ground import Ground

pytestmark = pytest.mark.leaves_running  # scheduler and worker serve the whole module

WRITE = """
mkdir -p plots __pycache__ dist
echo 1 > result.csv
echo svg > plots/a.svg
echo changed > table.csv
touch -d 2001-01-01 table.csv
chmod 700 same.csv
echo cache > __pycache__/x
echo built > dist/x
echo a line that is longer than all others > large.txt
ln -s /etc/passwd link
exit $1
"""


@pytest.fixture(params=["dask_ground", "far_ground"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """Create a project with a worker that sees the attempt's folder, and with one that does not.

    All tests share the worker, which has one thread; each dispatcher frees it on exit."""
    found: Ground = request.getfixturevalue(request.param)
    with Project.opened(tmp_path, dask_address=found.address, max_other_files=3) as made:
        yield made


@pytest.mark.sample(2)
@pytest.mark.parametrize("code", [0, 1])
def test_undeclared_files_are_the_same_as_of_a_process(project: Project, code: int) -> None:
    """This also holds for failed work. Files that are not kept are named."""
    for name in ("table.csv", "same.csv"):
        (project.root / name).write_text("as it was")
    project.script("step", WRITE.replace("$1", str(code)))
    here, run = project.run(runtime="process"), project.run(runtime="dask")
    (there,) = run.tasks
    assert (there.state, there.cached) == ("failed" if code else "succeeded", False)
    assert there.other_files == here.tasks[0].other_files
    listed = project.yard.services.runs.files(ADA, run.run.id, "step")
    assert [one.path for one in listed.files] == ["plots/a.svg", "result.csv", "table.csv"]
    assert listed.left_out == [
        LeftOut("dist/", "ignored", 6),
        LeftOut("large.txt", "too-many", 38),
        LeftOut("link", "link"),
    ]


@pytest.mark.sample(1)
def test_file_of_an_earlier_run_is_not_an_output(project: Project) -> None:
    """The file is in the code folder, at the path of the output."""
    (project.root / "out.txt").write_text("old")
    project.script("step", "true", {**OUT, "reach": {"kind": "file", "path": "out.txt"}})
    (task,) = project.run(runtime="dask").tasks
    assert "out.txt is unchanged" in task.why
