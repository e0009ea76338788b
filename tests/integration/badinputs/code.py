"""Bad notebooks, parameters cells and workflows."""

import json
from typing import Any

from .ground import Ground, Seen, notebook, seen, worded

PORTS = [
    {"name": "in_file", "role": "input", "reach": {"kind": "positional", "position": 1}},
    {"name": "out", "role": "output", "reach": {"kind": "positional", "position": 2}},
]


def register_notebook(ground: Ground, what: Any, entry: dict[str, Any]) -> Seen:
    """Register a notebook from the file browser and as an upload."""
    if isinstance(what, dict):
        whole = notebook("a = 1", kernel=what["kernelspec"])
        del whole["metadata"]["kernelspec"]["language"]  # else another kernel of it runs it
        what = json.dumps(whole)
    path = ground.file("book.ipynb", what)
    answer = ground.send("POST", "/executables", {"path": path})
    _, key = ground.upload("book.ipynb", what.encode())
    assert ground.send("POST", "/executables", {"upload": key}).status == answer.status
    if answer.status >= 400:
        return seen(answer)
    inspected = ground.send("POST", "/executables/inspect", {"path": path}).json
    return Seen(200, worded(inspected["hints"]))


def register_tool(ground: Ground, what: str, entry: dict[str, Any]) -> Seen:
    """Register YAML as the description of a tool, from the file browser and as an upload.

    The message names a line or the field."""
    path = ground.file("tool.cwl", what)
    answer = ground.send("POST", "/executables", {"path": path})
    _, key = ground.upload("tool.cwl", what.encode() or b"\n")
    assert ground.send("POST", "/executables", {"upload": key}).status == answer.status
    refused = seen(answer)
    assert refused.status < 400 or "line " in refused.said or "CommandLineTool" in refused.said
    return refused


def parse_parameters(ground: Ground, what: dict[str, str], entry: dict[str, Any]) -> Seen:
    """Inspect the code, then register it unless it is refused."""
    path = ground.notebook(what["parameters_cell"], "pass")
    answer = ground.send("POST", "/executables/inspect", {"path": path})
    if answer.status >= 400:
        return seen(answer)
    found = answer.json
    registered = ground.send("POST", "/executables", {"path": path})
    if registered.status >= 400:
        return seen(registered)
    names = [argument["name"] for argument in found["arguments"]]
    return Seen(200, worded(found["hints"]), kept=bool(names or found["hints"]))


def save_workflow(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Check a workflow as it is drawn, save it to a file, and run it."""
    text = _document(ground, what, entry)
    path = ground.file("flow.nbflow", text)
    checked = ground.send("POST", "/workflows/check", {"path": path, "document": text})
    if entry["expect"] == "NEEDS_CHOICE":
        assert checked.json["proposals"] == []
        return Seen(200, "nothing is proposed")
    if entry["expect"] == "ACCEPT_OR_LIMIT":
        assert checked.status == 200
        return Seen(200, f"{len(checked.json['nodes'])} nodes")
    refused = ground.send("POST", "/runs", {"path": path})
    assert (ground.root / path).read_text() == text
    if checked.status == 200 and not checked.json["problems"]:
        # an arrow that two windows left behind is not shown, and no longer written
        assert "missing node" in entry["input"]
    return seen(refused)


def _document(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> str:
    if "schema_version" in what:
        return json.dumps({"version": what["schema_version"], "nodes": {}})
    if "x" in what:
        node = {"a": {"type": "executable", "path": "../" + ground.tool([], "print(1)")}}
        document = {"version": 1, "nodes": node, "positions": {"a": ["X", what["y"]]}}
        return json.dumps(document).replace('"X"', what["x"])
    if "edge" in what:
        return _mismatch(ground, *what["edge"])
    if "ref" in what:
        return json.dumps({"version": 1, "nodes": {"a": {"type": "executable", "executable": "x"}}})
    if "sub" in what:
        return json.dumps(
            {"version": 1, "nodes": {"a": {"type": "executable", "path": "flow.nbflow"}}}
        )
    if "out" in what:
        return _ambiguous(ground, what["out"], what["ins"])
    return _graph(ground, what)


def _graph(ground: Ground, what: dict[str, Any]) -> str:
    """Return nodes that all use the same tool; duplicate keys are kept."""
    tool = "../" + ground.tool([{**PORTS[0], "required": True}, PORTS[1]])
    node = json.dumps({"type": "executable", "path": tool})
    nodes = ",".join(f'"{name}": {node}' for name in what["nodes"])
    edges = {}
    for source, target in what["edges"]:
        (a, output), (b, given) = source.split("."), target.split(".")
        port = "in_file" if given == "in" else given
        edges[f"{source}->{target}"] = {"source": a, "output": output, "target": b, "input": port}
    return f'{{"version": 1, "nodes": {{{nodes}}}, "edges": {json.dumps(edges)}}}'


def _mismatch(ground: Ground, given: str, wanted: str) -> str:
    nodes = {
        "a": ground.tool([{**PORTS[1], "format": given}]),
        "b": ground.tool([{**PORTS[0], "format": wanted}]),
    }
    edge = {"source": "a", "output": "out", "target": "b", "input": "in_file"}
    drawn = {name: {"type": "executable", "path": f"../{p}"} for name, p in nodes.items()}
    return json.dumps({"version": 1, "nodes": drawn, "edges": {"e": edge}})


def _ambiguous(ground: Ground, output: str, inputs: list[str]) -> str:
    nodes = {
        "a": ground.tool([{**PORTS[1], "name": output}]),
        "b": ground.tool([{**PORTS[0], "name": name} for name in inputs]),
    }
    drawn = {name: {"type": "executable", "path": f"../{p}"} for name, p in nodes.items()}
    return json.dumps({"version": 1, "nodes": drawn})
