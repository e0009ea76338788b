"""What the tests of services share: a caller, files below the root, and runs to their end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import Dataset, FileSource, NewDataset, NewUpload
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ENDED = ("succeeded", "failed", "cancelled")


@pytest.fixture
def ann() -> Caller:
    return Caller("ann")


@pytest.fixture
def root(yard: Yard) -> Path:
    return yard.context.files.root


@pytest.fixture
def tool(root: Path) -> str:
    """A script with an input, a value and an output."""
    (root / "tool.py").write_text(
        "import sys\nopen(sys.argv[2], 'w').write(open(sys.argv[1]).read() * int(sys.argv[3]))\n"
        "print('done')\n"
    )
    arguments: list[dict[str, Any]] = [
        {"name": "source", "role": "input", "format": "csv", "required": True},
        {"name": "result", "role": "output", "format": "csv"},
        {"name": "times", "type": "int", "default": 1},
    ]
    for position, argument in enumerate(arguments):
        argument["reach"] = {"kind": "positional", "position": position}
    (root / "tool.py.nbexec").write_text(json.dumps({"version": 1, "arguments": arguments}))
    return "tool.py"


@pytest.fixture
def imported(yard: Yard, ann: Caller, root: Path, dispatcher: Dispatching) -> Dataset:
    """A dataset that is ready."""
    (root / "a.csv").write_text("x,y\n1,2\n3,4\n")
    made = yard.services.datasets.create(ann, NewDataset(FileSource("a.csv")))
    return dispatcher.until(
        lambda: yard.services.datasets.get(ann, made.id), lambda d: d.current.state == "ready"
    )


@pytest.fixture
def finished(yard: Yard, ann: Caller, dispatcher: Dispatching) -> Callable[..., RunDetail]:
    """Runs something to its end."""

    def run(**body: Any) -> RunDetail:
        made = yard.services.runs.create(ann, NewRun(**body))
        return dispatcher.until(
            lambda: yard.services.runs.get(ann, made.id), lambda d: d.run.state in ENDED
        )

    return run


@pytest.fixture
def flow(root: Path, tool: str) -> str:
    """Data, then the tool twice."""
    (root / "data.csv").write_text("a\n1\n")
    document = {
        "version": 1,
        "meta": {"id": "w", "title": "Twice", "parameters": {"n": {"type": "int", "default": 2}}},
        "nodes": {
            "data": {"type": "dataset", "path": "data.csv"},
            "one": {"type": "executable", "path": tool, "arguments": {"times": {"parameter": "n"}}},
            "two": {"type": "executable", "path": tool},
        },
        "edges": {
            "a": {"source": "data", "output": "data", "target": "one", "input": "source"},
            "b": {"source": "one", "output": "result", "target": "two", "input": "source"},
        },
    }
    (root / "flow.nbflow").write_text(json.dumps(document))
    return "flow.nbflow"


@pytest.fixture
def a_csv(root):
    (root / "a.csv").write_text("x\n1\n")
    return FileSource("a.csv")


@pytest.fixture
def upload(yard, ann):
    """Uploads a file, and returns the ID of the upload."""

    def send(filename, content):
        begun = yard.services.uploads.create(ann, NewUpload(filename))
        with yard.services.uploads.appending(ann, begun.id, 0) as piece:
            piece.write(content)
        return begun.id

    return send


@pytest.fixture
def bisections(yard):
    return yard.services.bisections


@pytest.fixture
def datasets(yard):
    return yard.services.datasets


@pytest.fixture
def executables(yard):
    return yard.services.executables


@pytest.fixture
def models(yard):
    return yard.services.models


@pytest.fixture
def projects(yard):
    return yard.services.projects


@pytest.fixture
def runs(yard):
    return yard.services.runs


@pytest.fixture
def schedules(yard):
    return yard.services.automations


@pytest.fixture
def uploads(yard):
    return yard.services.uploads


@pytest.fixture
def workflows(yard):
    return yard.services.workflows
