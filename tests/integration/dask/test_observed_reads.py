"""Files of the code that work on a cluster reads."""

from pathlib import Path

import pytest

from ..observing import PROGRAMS, check_never_stale, lay
from ..test_runs import Project
from .test_other_files import project

__all__ = ["project"]
pytestmark = pytest.mark.leaves_running  # scheduler and worker serve the whole module
ROUNDS = {"dask_ground": 20, "far_ground": 5}
CASES = [pytest.param(name, rounds, id=name) for name, rounds in ROUNDS.items()]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("project", "rounds"), CASES, indirect=["project"])
def test_no_result_is_stale(project: Project, tmp_path: Path, rounds: int) -> None:
    """Twenty rounds are 400 cases. One worker sees nbyard's folders, one does not."""
    check_never_stale(lay(project, PROGRAMS), tmp_path / "copy", rounds, runtime="dask")
