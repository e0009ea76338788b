"""A check run in a container gets the same sample as in a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.domain.runs.checks import NewCheckRun
from nbyard.runtimes.docker.files import volume_transfer
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from ..test_runs import ADA, OUT, Project, option


@pytest.fixture(params=["bind", "volume"])
def project(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    docker_settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Project]:
    """Create a project with an engine that sees nbyard's files, and as with one that does not."""
    for name, value in docker_settings.items():
        monkeypatch.setenv(name, value)
    if request.param == "volume":
        monkeypatch.setattr(volume_transfer, "can_access_folder", lambda *_: False)
    root = tmp_path / "root"
    root.mkdir()
    config = Settings(store_dir=str(tmp_path / "store"), inline_dispatch=True)
    with Yard.open(config, root, root) as yard, Dispatching(config) as dispatching:
        yield Project(root, yard, dispatching)


@pytest.mark.sample(1)
def test_a_sample_is_staged_for_a_container(project: Project) -> None:
    (project.root / "table.csv").write_text("n\n" + "1\n" * 50)
    source = {**option("source", role="input"), "reach": {"kind": "variable", "variable": "SOURCE"}}
    out = {**OUT, "reach": {"kind": "variable", "variable": "OUT"}}
    project.script("count", 'cat "$SOURCE" > "$OUT"\n', source, out)
    project.nodes["data"] = {"type": "dataset", "path": "table.csv"}
    project.arrow("data", "count", "data")
    project.write()
    runs = project.yard.services.runs
    body = NewCheckRun(path="flow.nbflow", rows=2, runtime="docker")
    detail = project.end(runs.check_sample(ADA, body).id)
    assert detail.run.state == "succeeded", detail.run.reason
    assert project.bytes_of(detail, "count", "out") == b"n\n1\n1\n"
    assert runs.list(ADA).items == []
