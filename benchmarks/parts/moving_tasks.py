"""Change task states for `state_latency.mjs`, without a dispatcher.

    python -m parts.moving_tasks FOLDER NODES      (one of them is the dataset)

The store's own writer changes the tasks of a run. A bare websocket beside it is the floor. The
program reads a JSON object from each line:

- `{"move": NODE, "to": STATE}` changes one task.
- `{"results": [NODE, …]}` lets tasks succeed, each with a table.
- `{"others": PER_SECOND, "but": [NODE, …]}` changes all other tasks in turn.
- `{"echo": TEXT}` sends a text over the bare socket.

It answers each line with the time in milliseconds since 1970.
"""

import asyncio
import itertools
import json
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import tornado.web
import tornado.websocket
from msgspec.structs import replace
from sqlalchemy import insert

from nbyard.attempts import folders
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.runs.structs import NewRun
from nbyard.ipc.dispatcher_launcher import LEASE, own_name
from nbyard.reasons.structs import because
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.store import transition
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.runs.tasks import TaskRecord
from nbyard.store.schema.tables import artifacts
from nbyard.yard import Yard
from parts.graphs import write

ROUND = {"running": "queued", "queued": "preparing", "preparing": "running"}
AT_ONCE = 10
TABLE = (
    b"species,island,bill_length\nAdelie,Torgersen,39.1\nGentoo,Biscoe,46.1\nAdelie,Dream,40.3\n"
)


class Moving:
    """A run whose tasks are all running."""

    def __init__(self, yard: Yard, path: Path):
        self._yard = yard
        self._store = yard.store
        caller = Caller(local_name())
        self._run = yard.services.runs.create(caller, NewRun(path=path.name)).id
        self.others_per_second = 0.0
        self.spared: set[str] = set()
        with self._store.write() as c:
            run = self._store.runs.by_id(c, self._run)
            assert run is not None
            told = {"started_at": datetime.now(UTC)}
            self._tasks = {task.node: task for task in self._store.tasks.of_run(c, self._run)}
            made = self._store.attempts.insertions(
                [_attempt(task) for task in self._tasks.values()]
            )
            transition.move_all(c, [self._store.runs.step(run, "running", told)], made)
        for state in ("queued", "preparing", "running"):
            self.move(list(self._tasks), state)
        for attempt in self._attempts():
            folder = folders.attempt_folder_of(self._store.folder, attempt.id)
            folder.mkdir(parents=True)
            (folder / "events.jsonl").write_text('{"type": "cell", "cell": 0, "cells": 3}\n')

    def _attempts(self) -> list[AttemptRecord]:
        with self._store.read() as c:
            return self._store.attempts.live(c, self._run)

    def move(self, nodes: list[str], to: str = "") -> float:
        """Change the state of nodes; return the time (ms) just before the commit."""
        reason = {"reason": because("text", text=f"moved at {time.time():.3f}")}
        rows = self._store.tasks
        olds = [self._tasks[node] for node in nodes]
        states: list[Any] = [to or ROUND[old.state] for old in olds]
        with self._store.write() as c:
            steps = zip(olds, states, strict=True)
            transition.move_all(c, [rows.step(old, state, reason) for old, state in steps])
            at = time.time() * 1000
        for old, state in zip(olds, states, strict=True):
            self._tasks[old.node] = replace(old, state=state)
        return at

    def finish(self, nodes: list[str]) -> float:
        """Let tasks succeed, each with the same table as its output."""
        blob = self._yard.context.blobs.put_bytes(TABLE)
        file = {"name": "output_csv", "filename": "out.csv", "format": "csv"}
        same = {**file, "digest": blob.digest, "size_bytes": blob.size_bytes}
        made = {"run_id": self._run, "created_at": datetime.now(UTC)}
        rows = [{"id": new_id(), "task_id": self._tasks[node].id, **made, **same} for node in nodes]
        with self._store.write() as c:
            c.execute(insert(artifacts), rows)
        return self.move(nodes, "succeeded")

    def keep_moving(self) -> None:
        """Change all tasks that are not spared in turn, at the requested rate."""
        due = time.monotonic()
        for some in itertools.cycle(_batches(list(self._tasks))):
            while not self.others_per_second:
                time.sleep(0.05)
                due = time.monotonic()
            due += AT_ONCE / self.others_per_second
            time.sleep(max(0.0, due - time.monotonic()))
            self.move([node for node in some if node not in self.spared])


def _attempt(task: TaskRecord) -> AttemptRecord:
    return AttemptRecord(
        id=new_id(),
        task_id=task.id,
        run_id=task.run_id,
        owner=task.owner,
        number=1,
        state="recorded",
        runtime="process",
        site="",
        token=new_id(),
        mark="",
    )


def _batches(nodes: list[str]) -> list[list[str]]:
    return [nodes[at : at + AT_ONCE] for at in range(0, len(nodes), AT_ONCE)]


class Bare(tornado.websocket.WebSocketHandler):
    """A websocket that only sends what the server passes on."""

    open_ones: ClassVar[set["Bare"]] = set()

    def check_origin(self, origin: str) -> bool:
        return True

    def open(self, *args: str, **kwargs: str) -> None:
        self.open_ones.add(self)

    def on_close(self) -> None:
        self.open_ones.discard(self)


async def serve(moving: Moving) -> None:
    """Answer requests from stdin until it closes."""
    server = tornado.web.Application([("/", Bare)]).listen(0, "127.0.0.1")
    (listening, *_) = server._sockets.values()
    say(port=listening.getsockname()[1])
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if "move" in asked:
            say(at=await loop.run_in_executor(None, moving.move, [asked["move"]], asked["to"]))
        elif "results" in asked:
            say(at=await loop.run_in_executor(None, moving.finish, asked["results"]))
        elif "others" in asked:
            moving.spared = set(asked["but"])
            moving.others_per_second = asked["others"]
            say(at=time.time() * 1000)
        else:
            at = time.time() * 1000
            for socket in list(Bare.open_ones):
                await socket.write_message(asked["echo"])
            say(at=at)


def say(**told: float) -> None:
    """Print a line of JSON."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    folder, nodes = Path(sys.argv[1]), int(sys.argv[2])
    path = write(folder, nodes, "layered")
    with Yard.open(Settings(), root=folder) as yard:
        with yard.store.write() as c:
            yard.store.leases.take(c, LEASE, own_name(), 3600)  # no dispatcher can take the lease
        moving = Moving(yard, path)
        threading.Thread(target=moving.keep_moving, daemon=True).start()
        asyncio.run(serve(moving))


if __name__ == "__main__":
    main()
