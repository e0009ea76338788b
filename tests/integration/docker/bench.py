"""Attempts for the tests: folders as a dispatcher writes them, and their results."""

import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from nbyard.blobs import Blobs
from nbyard.dockerd import STORE, Engine
from nbyard.domain.attempts.structs import (
    CommandWork,
    FunctionWork,
    NotebookWork,
    Output,
    Result,
    TaskFile,
)
from nbyard.errors import Conflict
from nbyard.images.builds import environment_image
from nbyard.reasons.structs import because
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.protocol import Observation, Order

# no lock of these tests names a folder
BUILD = partial(environment_image, blobs=cast(Blobs, None), network="none")
BOTH = pytest.mark.parametrize("staging", ["bind", "volume"])


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {seconds} s for {condition}"
        time.sleep(0.05)
    return found


class Bench:
    """Writes orders for one store, and removes everything with its label."""

    def __init__(self, folder: Path, engine: Engine, image: str):
        self.folder = folder
        self.engine = engine
        self.image = image
        self.store_id = f"test-{uuid.uuid4().hex[:12]}"
        self.run_id = uuid.uuid4().hex
        self.runtimes: list[DockerRuntime] = []

    def runtime(self, **options: Any) -> DockerRuntime:
        made = DockerRuntime(
            **{"docker_host": self.engine.url, "base_image": self.image, **options}
        )
        self.runtimes.append(made)
        return made

    def order(self, work: CommandWork | FunctionWork | NotebookWork, **more: Any) -> Order:
        fields = {name: more.pop(name) for name in list(more) if name in Order.__struct_fields__}
        attempt_id = uuid.uuid4().hex
        folder = self.folder / attempt_id
        for name in ("code", "inputs", "outputs"):
            (folder / name).mkdir(parents=True)
        task = TaskFile(
            attempt_id=attempt_id,
            token=uuid.uuid4().hex,
            mark=uuid.uuid4().hex,
            work=work,
            outputs=more.pop("outputs", {}),
            **more,
        )
        (folder / "task.json").write_bytes(msgspec.json.encode(task))
        defaults = {"store_id": self.store_id, "run_id": self.run_id, "node_id": "node"}
        return Order(attempt_id=attempt_id, folder=folder, mark=task.mark, **{**defaults, **fields})

    def shell(self, script: str, **more: Any) -> Order:
        command = {k: more.pop(k) for k in ("stdin", "stdout", "environment") if k in more}
        return self.order(CommandWork(argv=["sh", "-c", script], **command), **more)

    def run(
        self, order: Order, runtime: DockerRuntime | None = None, seconds: float = 60
    ) -> Result:
        runtime = runtime or self.runtime()
        return self.wait(self.start(order, runtime), runtime, seconds)

    def wait(self, order: Order, runtime: DockerRuntime, seconds: float = 60) -> Result:
        seen = self.over(order, runtime, seconds)
        assert seen.state == "finished", seen
        return result_of(order)

    def over(self, order: Order, runtime: DockerRuntime, seconds: float = 60) -> Observation:
        ends = ("finished", "lost", "absent")
        return until(lambda: (o := runtime.poll(order)).state in ends and o, seconds)

    def start(self, order: Order, runtime: DockerRuntime) -> Order:
        return msgspec.structs.replace(order, site=runtime.start(order))

    def clear(self, runtime: DockerRuntime, *orders: Order) -> None:
        """Remove what finished attempts keep; nothing else may be left."""
        for order in orders:
            runtime.stop(order, because("ended"))
        until(lambda: not self.left())

    def left(self) -> list[str]:
        return [f"{one.kind} {one.name}" for one in self.engine.owned_objects(STORE, self.store_id)]

    def memory_limit(self, name: str) -> int:
        """Return the limit that the engine stores."""
        return int(self.engine.client().inspect_container(name)["HostConfig"]["Memory"])

    def close(self) -> None:
        for runtime in self.runtimes:
            runtime.close()
        for one in self.engine.owned_objects(STORE, self.store_id):
            if one.kind == "container":
                self.engine.remove(one.name)
        for one in self.engine.owned_objects(STORE, self.store_id):
            if one.kind == "volume":
                until(partial(self._has_removed_volume, one.name))
        for one in self.engine.owned_objects(STORE, self.store_id):
            if one.kind == "network":
                self.engine.remove_network(one.name)

    def _has_removed_volume(self, name: str) -> bool:
        try:
            self.engine.remove_volume(name)
        except Conflict:  # the engine is still removing its container
            return False
        return True


def result_of(order: Order) -> Result:
    return msgspec.json.decode((order.folder / "result.json").read_bytes(), type=Result)


def log_of(order: Order) -> str:
    path = order.folder / "log"
    return path.read_text() if path.exists() else ""


def output(path: str) -> Output:
    return Output(path)
