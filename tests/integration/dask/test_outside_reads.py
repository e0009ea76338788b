"""The cache follows the files that work on a cluster reads at absolute paths of its worker."""

from pathlib import Path

import pytest

from ..observing import OUTSIDE, OUTSIDE_CHANGES, check_never_stale, lay, lay_outside
from ..test_outside_reads import data, ran, reads
from ..test_runs import Project
from .test_other_files import project

__all__ = ["data", "project"]
pytestmark = pytest.mark.leaves_running  # scheduler and worker serve the whole module
SEES_US = pytest.mark.parametrize("project", ["dask_ground"], indirect=True)
SHORT = pytest.mark.timeout(900)
LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.long
def test_changed_file_reruns_only_its_readers(project: Project, data: Path) -> None:
    """The reason names the file. Code that only writes comes from the cache."""
    reads(project, "plain", f"found = open('{data}/a.csv').read()")
    reads(project, "absent", f"import os\nfound = os.path.exists('{data}/new')")
    reads(project, "lists", f"import os\nfound = sorted(os.listdir('{data}'))")
    log = f"import logging\nlogging.basicConfig(filename='{data}/log')\n"
    reads(project, "logs", f"{log}logging.error(found := 1)")
    (data / "log").touch()
    project.run(runtime="dask")
    assert ran(project.run(runtime="dask")) == {}
    (data / "a.csv").write_text("x\n2\n")
    detail = project.run(runtime="dask")
    assert ran(detail) == {"plain": f"runs because the file {data}/a.csv changed"}
    assert project.bytes_of(detail, "plain", "output_txt") == b"x\n2\n"
    (data / "new").touch()
    assert ran(project.run(runtime="dask")) == {
        "absent": f"runs because the file {data}/new is new",
        "lists": f"runs because the folder {data} changed",
    }
    assert ran(project.run(runtime="dask")) == {}


@SEES_US
@pytest.mark.parametrize(
    ("rounds", "share"), [pytest.param(1, 3, marks=SHORT), pytest.param(20, 1, marks=LONG)]
)
def test_no_result_is_stale(project: Project, tmp_path: Path, rounds: int, share: int) -> None:
    """Python, libraries, child processes and shells that read outside the code."""
    lay_outside(project.root)
    lay(project, [*OUTSIDE][::share])
    check_never_stale(project, tmp_path / "copy", rounds, OUTSIDE_CHANGES, runtime="dask")
