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
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.rest.identity import local_name
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT
from peers.graphs import Place, Step
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
        write_flow(place)

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
            if not task.cached:
                assert [attempt.number for attempt in task.attempts] == [1], task.attempts
            for artifact in task.artifacts:
                kept = self.server.yard.context.blobs.path(artifact.digest)
                if artifact.name == OUTPUT:
                    shutil.copy(kept, place.output(task.node))
                elif artifact.format == "ipynb":
                    shutil.copy(kept, place.executed(task.node))

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


def write_flow(place: Place) -> None:
    """Write the graph as a workflow document, and a description of the script."""
    if place.graph.kind == "command":
        place.code.with_name(f"{place.code.name}.nbexec").write_text(json.dumps(DESCRIPTION))
    nodes: dict[str, Any] = {step.name: _node(place, step) for step in place.graph.steps}
    edges = [_edge(step.before, OUTPUT, step) for step in place.graph.steps if step.before]
    if place.graph.kind == "notebook":
        nodes[SOURCE] = {"type": "dataset", "path": place.source.name}
        edges += [_edge(SOURCE, "data", step) for step in place.graph.steps if not step.before]
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


def _node(place: Place, step: Step) -> dict[str, Any]:
    arguments = {"number": {"value": step.number}}
    return {"type": "executable", "path": place.code.name, "arguments": arguments}


def _edge(source: str, output: str, step: Step) -> dict[str, str]:
    return {"source": source, "output": output, "target": step.name, "input": "input_txt"}
