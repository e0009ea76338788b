"""Workflows whose nodes tell an outside witness what they did.

Every execution of a node appends one line `run node attempt nonce seen…` to the witness before it
publishes its nonce as its output; `seen` are the nonces in its inputs. So whoever reads the witness
knows from outside how often a node was executed and whose output became visible. No child makes
the nonce: one that is killed would leave none.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..notebooks import PARAMETERS, notebook

Graph = Mapping[str, Sequence[str]]
GRAPHS: dict[str, Graph] = {
    "chain": {"a": [], "b": ["a"], "c": ["b"]},
    "fan-out": {"a": [], "b": ["a"], "c": ["a"], "d": ["a"]},
    "diamond": {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]},
}
SCRIPT = """
read -r nonce < /proc/sys/kernel/random/uuid
echo "$NBYARD_RUN_ID $NBYARD_NODE_ID $NBYARD_ATTEMPT_ID $nonce" \\
  $(cat ${IN0:-/dev/null} ${IN1:-/dev/null}) >> WITNESS
BODY
echo $nonce > "$OUT"
"""
NOTEBOOK = """
import os, time, uuid
nonce = str(uuid.uuid4())
seen = open(input_in0).read().split() if input_in0 else []
names = ("NBYARD_RUN_ID", "NBYARD_NODE_ID", "NBYARD_ATTEMPT_ID")
words = [*(os.environ[name] for name in names), nonce, *seen]
with open(WITNESS, "a") as witness:
    witness.write(" ".join(words) + "\\n")
for number in range(LINES):
    print("line", number, flush=True)
    time.sleep(0.01)
open(output_out, "w").write(nonce)
"""
FUNCTION = """
import os, uuid
from pathlib import Path
import nbyard

@nbyard.executable(outputs={"out": "txt"})
def work(in0: Path | None = None, in1: Path | None = None, salt: str = ""):
    nonce = str(uuid.uuid4())
    seen = [word for path in (in0, in1) if path for word in path.read_text().split()]
    names = ("NBYARD_RUN_ID", "NBYARD_NODE_ID", "NBYARD_ATTEMPT_ID")
    words = [*(os.environ[name] for name in names), nonce, *seen]
    with open(WITNESS, "a") as witness:
        witness.write(" ".join(words) + "\\n")
    return nonce + "\\n"
"""
# for a body: lines that the log must have, over a time in which somebody may die
LINES = 20
COUNTING = f"n=0; while [ $n -lt {LINES} ]; do echo line $n; n=$((n+1)); sleep 0.01; done"
# for a body: every node but the first waits to be let through, or to be ended
WAIT = "[ $NBYARD_NODE_ID = a ] || until [ -e GATE ]; do sleep 0.02; done"
STUBBORN = f"trap '' TERM; {WAIT}"


def _argument(name: str, role: str, **more: Any) -> dict[str, Any]:
    reach = {"kind": "variable", "variable": name.upper()}
    return {"name": name, "role": role, "reach": reach, **more}


TOLD = {
    "version": 1,
    "kind": "command",
    "arguments": [
        _argument("in0", "input", required=False),
        _argument("in1", "input", required=False),
        _argument("salt", "value", default=""),
        _argument("out", "output", format="txt"),
    ],
}


def write_flow(
    root: Path,
    witness: Path,
    graph: Graph,
    *,
    body: str = ":",
    notebooks: Sequence[str] = (),
    functions: bool = False,
    name: str = "flow",
    **limits: Any,
) -> str:
    """Write the document and the code of its nodes; each node waits for those it names. `body` is
    done between the witness and the output, `limits` are those of every node."""
    code = f"{name}.py::work" if functions else f"{name}.sh"
    (root / f"{name}.py").write_text(FUNCTION.replace("WITNESS", repr(str(witness))))
    script = SCRIPT.replace("WITNESS", str(witness)).replace("BODY", body)
    (root / f"{name}.sh").write_text(script)
    (root / f"{name}.sh.nbexec").write_text(json.dumps(TOLD))
    nodes: dict[str, Any] = {}
    edges = {}
    for node, needs in graph.items():
        is_notebook = node in notebooks
        path = f"{name}.ipynb" if is_notebook else code
        nodes[node] = {"type": "executable", "path": path, **limits}
        if not is_notebook:
            nodes[node]["arguments"] = {"salt": {"value": node}}
        for place, need in enumerate(needs):
            edge = {"source": need, "output": "out", "target": node, "input": f"in{place}"}
            edges[f"{need}.out->{node}.in{place}"] = edge
    if notebooks:
        _rename_arguments(edges, notebooks)
        _write_notebook(root / f"{name}.ipynb", witness)
    whole = {"version": 1, "meta": {}, "nodes": nodes, "edges": edges, "positions": {}}
    (root / f"{name}.nbflow").write_text(json.dumps(whole))
    return f"{name}.nbflow"


def _rename_arguments(edges: dict[str, dict[str, str]], notebooks: Sequence[str]) -> None:
    """Rename the inputs and outputs of notebooks."""
    for key, edge in list(edges.items()):
        del edges[key]
        if edge["source"] in notebooks:
            edge["output"] = "output_out"
        if edge["target"] in notebooks:
            edge["input"] = f"input_{edge['input']}"
        edges[f"{edge['source']}.{edge['output']}->{edge['target']}.{edge['input']}"] = edge


def _write_notebook(path: Path, witness: Path) -> None:
    work = NOTEBOOK.replace("WITNESS", repr(str(witness))).replace("LINES", str(LINES))
    path.write_text(notebook("input_in0 = ''\noutput_out = 'out.txt'", work, tags=[PARAMETERS]))
