"""`nbyard run --dry-run` shows which nodes would run, and starts nothing."""

import json
from pathlib import Path

from nbyard.testing.dispatcher_thread import Dispatching


def test_dry_run_shows_the_nodes_that_would_run(
    shell, tmp_path: Path, dispatcher: Dispatching
) -> None:
    root = tmp_path / "root"
    (root / "a.sh").write_text("echo a\n")
    (root / "b.sh").write_text("echo b\n")
    nodes = {name: {"type": "executable", "path": f"{name}.sh"} for name in ("a", "b")}
    whole = {"version": 1, "meta": {}, "nodes": nodes, "edges": {}, "positions": {}}
    (root / "flow.nbflow").write_text(json.dumps(whole))
    told = shell("run", "flow.nbflow", "--dry-run")
    assert told.out.splitlines()[0] == "2 will run"
    assert "no earlier result" in told.out
    assert shell("runs", "ls", "--json").json["items"] == []
    assert shell("run", "flow.nbflow").code == 0
    (root / "b.sh").write_text("echo c\n")
    first, *rows = shell("run", "flow.nbflow", "--dry-run").out.splitlines()
    assert first.startswith("1 cached, 1 will")
    assert rows[-2].split() == ["node", "state", "because"]
    assert rows[-1].split()[:2] == ["b", "runs"]
    found = shell("run", "flow.nbflow", "--dry-run", "--json").json
    assert (found["cached"], found["to_run"]) == (1, 1)
