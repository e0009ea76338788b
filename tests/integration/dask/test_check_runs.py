"""A check run on a cluster gets the same sample as in a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.domain.runs.checks import NewCheckRun

from ..test_runs import ADA, OUT, Project, option
from .ground import Ground

pytestmark = pytest.mark.leaves_running  # scheduler and worker serve the whole module


@pytest.fixture(params=["dask_ground", "far_ground"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """Create a project with a worker that sees the attempt's folder, and with one that does not."""
    found: Ground = request.getfixturevalue(request.param)
    with Project.opened(tmp_path, dask_address=found.address) as made:
        yield made


@pytest.mark.sample(1)
def test_sample_is_copied_to_a_worker(project: Project) -> None:
    (project.root / "table.csv").write_text("n\n" + "1\n" * 50)
    source = {**option("source", role="input"), "reach": {"kind": "variable", "variable": "SOURCE"}}
    out = {**OUT, "reach": {"kind": "variable", "variable": "OUT"}}
    project.script("count", 'cat "$SOURCE" > "$OUT"\n', source, out)
    project.nodes["data"] = {"type": "dataset", "path": "table.csv"}
    project.arrow("data", "count", "data")
    project.write()
    runs = project.yard.services.runs
    for runtime in ("process", "dask"):
        body = NewCheckRun(path="flow.nbflow", rows=2, runtime=runtime)
        detail = project.end(runs.check_sample(ADA, body).id)
        assert detail.run.state == "succeeded", detail.run.reason
        assert project.bytes_of(detail, "count", "out") == b"n\n1\n1\n"
    assert runs.list(ADA).items == []
