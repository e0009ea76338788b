"""The server's memory for a workflow of 10,000 nodes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NODES = 10_000
LAYER = 100
# as the page for administrators states it
STATED_MB = 90
# a process of its own, for a peak of its own; what the first few nodes need counts for none
SERVER = """
import json, pathlib, re, sys
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard
import msgspec

def peak():
    told = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+)", told)[1]) / 1024

def shown(path):
    text = pathlib.Path(path).read_text()
    yard.services.workflows.check(caller, CheckWorkflow(path=path, document=text))
    run = yard.services.runs.create(caller, NewRun(path=path)).id
    count, after = 0, ""
    while after is not None:
        page = yard.services.runs.tasks(caller, run, limit=500, after=after)
        msgspec.json.encode(page)
        count, after = count + len(page.items), page.next
    return count

caller = Caller(local_name())
here = pathlib.Path.cwd()
with Yard.open(Settings(store_dir=str(here / "store"), inline_dispatch=True), root=here) as yard:
    few = shown("few.nbflow")
    before = peak()
    many = shown("many.nbflow")
    print(json.dumps({"few": few, "many": many, "MB": peak() - before}))
"""


def write_layers(path: Path, nodes: int) -> None:
    names = [f"n{number}" for number in range(nodes)]
    edges = {
        f"{source}.out->{target}.source": {
            "source": source,
            "output": "out",
            "target": target,
            "input": "source",
        }
        for source, target in zip(names, names[LAYER:], strict=False)
    }
    told = {name: {"type": "executable", "path": "step.sh"} for name in names}
    places = {name: [at % LAYER * 300, at // LAYER * 160] for at, name in enumerate(names)}
    whole = {"version": 1, "meta": {}, "nodes": told, "edges": edges, "positions": places}
    path.write_text(json.dumps(whole))


@pytest.mark.long
def test_ten_thousand_nodes_fit_into_the_stated_memory(tmp_path: Path) -> None:
    """Checked as drawn, planned, stored, and read in pages."""
    arguments = [
        {
            "name": name,
            "role": role,
            "reach": {"kind": "variable", "variable": name.upper()},
            **more,
        }
        for name, role, more in (
            ("source", "input", {"required": False}),
            ("out", "output", {"format": "txt"}),
        )
    ]
    told = {"version": 1, "kind": "command", "arguments": arguments}
    (tmp_path / "step.sh").write_text(":\n")
    (tmp_path / "step.sh.nbexec").write_text(json.dumps(told))
    write_layers(tmp_path / "few.nbflow", 2 * LAYER)
    write_layers(tmp_path / "many.nbflow", NODES)
    done = subprocess.run(
        [sys.executable, "-c", SERVER], cwd=tmp_path, env=os.environ, stdout=-1, check=True
    )
    found = json.loads(done.stdout)
    assert (found["few"], found["many"]) == (2 * LAYER, NODES)
    assert found["MB"] < STATED_MB, found
