"""A check run in a container gets the same sample as in a process."""

import pytest

from nbyard.domain.runs.checks import NewCheckRun

from ..test_runs import ADA, OUT, Project, option


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
