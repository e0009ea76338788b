"""nbyard, called by a client of a live server and by its own command from a shell.

The dispatcher is running, as it is while JupyterLab is in use.
"""

import contextlib
import json
import queue
import secrets
import shutil
import socket
import threading
from typing import Any, ClassVar

import websocket
from parts.live_server import live_server

from nbyard.client import Client
from nbyard.discover import LocalNoun
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, RunDetail, Task
from nbyard.rest.identity import local_name
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT
from peers.graphs import Place
from peers.peer import Peer, Way
from peers.processes import described, environments

FLOW = "flow.nbflow"
OUTPUT = "output_txt"
SOURCE = "source"
# NUMBER OUTPUT [INPUT]
DESCRIPTION = {
    "version": 1,
    "kind": "command",
    "arguments": [
        {"name": "number", "type": "int", "reach": {"kind": "positional", "position": 0}},
        {
            "name": OUTPUT,
            "role": "output",
            "format": "txt",
            "reach": {"kind": "positional", "position": 1},
        },
        {
            "name": "input_txt",
            "role": "input",
            "required": False,
            "reach": {"kind": "positional", "position": 2},
        },
    ],
}
ENDED = ("succeeded", "failed", "cancelled")
SECONDS = 900
Parts = tuple[dict[str, Any], list[dict[str, str]]]


class Nbyard(Peer):
    """nbyard as a contender, with a live server."""

    name = "nbyard"
    runtime: ClassVar[str] = ""
    image = ""

    def settings(self) -> dict[str, str]:
        """Return the settings as variables."""
        return {}

    def start(self) -> None:
        self._stack = contextlib.ExitStack()
        self.server = self._stack.enter_context(live_server(self.folder, self.settings()))
        self.processes.add(**self.server.variables)
        self._client = Client(self.server.url, self.server.token)
        self._ends: queue.SimpleQueue[str] = queue.SimpleQueue()
        header = {"Authorization": f"token {self.server.token}"}
        window = websocket.create_connection(self.server.socket_url, header=header)
        window.send('{"after": 0}')
        reader = threading.Thread(target=self._read, args=(window,))
        reader.start()
        self._stack.callback(window.shutdown)
        self._stack.callback(reader.join)
        connection = window.sock
        assert connection is not None
        # a thread that waits for bytes does not notice when its socket is only closed
        self._stack.callback(connection.shutdown, socket.SHUT_RDWR)

    def _read(self, window: websocket.WebSocket) -> None:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            while True:
                for event in json.loads(window.recv()).get("events", ()):
                    if event["topic"] == "run" and event["data"].get("state") in ENDED:
                        self._ends.put(event["subject_id"])

    def stop(self) -> None:
        self._stack.close()

    def express(self, place: Place) -> None:
        write_flow(place, steps_of(place))

    def step_of(self, place: Place, task: Task) -> str:
        """Return the name of the step that a task has executed."""
        return task.node

    @property
    def ways(self) -> dict[str, Way]:
        return {"nbyard, live server": self.run, "nbyard, shell": self.run_from_shell}

    def run_from_shell(self, place: Place) -> None:
        """Run the graph with `nbyard run`."""
        words = ["-m", "nbyard.cli.main", "run", str(place.folder / FLOW)]
        words += ["--force"] * (not place.again)
        self.processes.call(self.python, *words)

    def run(self, place: Place) -> None:
        path, forced = str(place.folder / FLOW), not place.again
        wish = NewRun(path=path, force=forced, runtime=self.runtime, image=self.image)
        made = self._client.runs.create(body=wish)
        while self._ends.get(timeout=SECONDS) != made.id:
            pass

    def collect(self, place: Place) -> None:
        for task in self.last().tasks:
            assert task.state == "succeeded", (task.node, task.state, task.failure)
            if not task.cached and self.step_of(place, task):
                assert [attempt.number for attempt in task.attempts] == [1], task.attempts
            step = self.step_of(place, task)
            for artifact in task.artifacts if step else ():
                kept = self.server.yard.context.blobs.path(artifact.digest)
                if artifact.name == OUTPUT:
                    shutil.copy(kept, place.output(step))
                elif artifact.format == "ipynb":
                    shutil.copy(kept, place.executed(step))

    def last(self) -> RunDetail:
        """Return the newest run from the store."""
        runs = LocalNoun(self.server.yard.services, "runs", Caller(local_name()))
        detail: RunDetail = runs.get(run=runs.list(limit=1).items[0].id)
        return detail

    def check_unchanged(self, place: Place, before: dict[str, int]) -> None:
        detail = self.last()
        assert all(task.cached and not task.attempts for task in detail.tasks), detail.tasks[0]

    def left(self) -> set[str]:
        """Return the processes of attempts; dispatcher, warm parent and ready kernels may stay."""
        own = f"NBYARD_STORE={self.server.yard.store.id}".encode()
        free = f"NBYARD_ATTEMPT_ID={NO_ATTEMPT}".encode()
        return {
            described(pid)
            for pid, words in environments().items()
            if own in words and free not in words
            if any(word.startswith(b"NBYARD_ATTEMPT_ID=") for word in words)
        }


class NbyardMap(Nbyard):
    """nbyard as a contender, which runs independent steps as one node with a map."""

    name = "nbyard, map"

    @property
    def ways(self) -> dict[str, Way]:
        return {self.name: self.run}

    def express(self, place: Place) -> None:
        numbers = [step.number for step in place.graph.steps]
        node = _node(place) | {"map": {"each": {"kind": "grid", "values": {"number": numbers}}}}
        data = {"type": "dataset", "path": place.source.name}
        if place.graph.kind == "command":
            write_flow(place, ({"work": node}, []))
        else:
            write_flow(place, ({SOURCE: data, "work": node}, [_edge(SOURCE, "data", "work")]))

    def collect(self, place: Place) -> None:
        super().collect(place)
        (whole,) = (task for task in self.last().tasks if task.node == "work")
        assert whole.reason and whole.reason.params["succeeded"] == len(place.graph.steps)

    def step_of(self, place: Place, task: Task) -> str:
        return place.graph.steps[task.element.position].name if task.element else ""


def write_flow(place: Place, parts: Parts) -> None:
    """Write nodes and connections as a workflow document, and a description of the script."""
    if place.graph.kind == "command":
        place.code.with_name(f"{place.code.name}.nbexec").write_text(json.dumps(DESCRIPTION))
    nodes, edges = parts
    document = {
        "version": 1,
        "meta": {"id": secrets.token_hex(8)},
        "nodes": nodes,
        "edges": {f"{edge['source']}->{edge['target']}": edge for edge in edges},
        "positions": {},
    }
    (place.folder / FLOW).write_text(json.dumps(document))
    # Outputs of earlier runs and the graph for other peers are not part of the code.
    (place.folder / ".nbyardignore").write_text("out/\ngraph.json\n")


def steps_of(place: Place) -> Parts:
    """Return a node for each step of the graph, and their connections."""
    steps = place.graph.steps
    nodes: dict[str, Any] = {step.name: _node(place, step.number) for step in steps}
    edges = [_edge(step.before, OUTPUT, step.name) for step in steps if step.before]
    if place.graph.kind == "notebook":
        nodes[SOURCE] = {"type": "dataset", "path": place.source.name}
        edges += [_edge(SOURCE, "data", step.name) for step in steps if not step.before]
    return nodes, edges


def _node(place: Place, number: int | None = None) -> dict[str, Any]:
    arguments = {} if number is None else {"number": {"value": number}}
    return {"type": "executable", "path": place.code.name, "arguments": arguments}


def _edge(source: str, output: str, target: str) -> dict[str, str]:
    return {"source": source, "output": output, "target": target, "input": "input_txt"}
