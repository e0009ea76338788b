"""Maps in real containers: elements get their files, and one of them is cancelled."""

import pytest

from ..test_maps import elements
from ..test_runs import ADA, OUT, Project


@pytest.mark.sample(1)
def test_elements_run_in_containers(project: Project) -> None:
    (project.root / "texts").mkdir()
    for name in "abc":
        (project.root / "texts" / f"{name}.txt").write_text(name)
    source = {"name": "source", "role": "input", "required": True}
    source["reach"] = {"kind": "variable", "variable": "SOURCE"}
    out = {**OUT, "reach": {"kind": "variable", "variable": "OUT"}}
    body = 'cat "$SOURCE" > "$OUT"\nwhile grep -q b "$OUT"; do sleep 0.1; done\n'
    each = {"kind": "files", "over": "source"}
    project.script("copy", body, source, out, map={"each": each, "on_failure": "all"})
    project.script("after", 'tr a-z A-Z < "$SOURCE" > "$OUT"\n', source, out)
    project.nodes["texts"] = {"type": "dataset", "path": "texts"}
    project.arrow("texts", "copy", "data", "@each")
    project.arrow("copy", "after")
    run = project.start(runtime="docker")

    def running() -> list[str]:
        own = elements(project.detail(run), "copy")
        return [own[key].node for key in own if key.endswith("b.txt") and own[key].started_at]

    (node,) = project.dispatching.until(running, bool, seconds=120)
    project.yard.services.runs.cancel_element(ADA, run, node)
    detail = project.end(run)
    assert detail.run.state == "succeeded"
    ends = [task.state for task in elements(detail, "copy").values()]
    assert ends == ["succeeded", "cancelled", "succeeded"]
    done = [t.node for t in elements(detail, "after").values() if t.state == "succeeded"]
    assert [project.bytes_of(detail, each, "out") for each in done] == [b"A", b"C"]
