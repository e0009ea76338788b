"""What is asked of a worker, of what the workers declare; and what is removed from workers."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from nbyard.errors import Unavailable
from nbyard.reasons.structs import because
from nbyard.runtimes.dask.cluster import PATHS, WorkerGone
from nbyard.runtimes.dask.runtime import DaskRuntime, required_resources
from nbyard.runtimes.protocol import Order
from nbyard.settings import Settings

GPU = {"GPU": 1.0}
LARGE = {"MEMORY": 64e9}
WISH = {"cpu": 2.0, "memory": 32e9, "gpu": 1}


def test_undeclared_resources_are_not_requested() -> None:
    assert required_resources({**WISH, "gpu": None}, [GPU, {}]) == {}
    assert required_resources({**WISH, "gpu": None}, [GPU, LARGE]) == {"MEMORY": 32e9}


def test_a_gpu_is_always_requested() -> None:
    """The name has any case."""
    with pytest.raises(Unavailable, match="declares a GPU"):
        required_resources(WISH, [LARGE])
    assert required_resources(WISH, [{"gpu": 2.0}]) == {"gpu": 1.0}


def test_one_worker_must_have_all_resources() -> None:
    """Otherwise, the task would wait forever behind free workers."""
    words = r"no Dask worker has GPU=1 with MEMORY=3.2e\+10 \(the most is GPU=1, MEMORY=6.4e\+10\)"
    with pytest.raises(Unavailable, match=words):
        required_resources(WISH, [GPU, LARGE])
    assert required_resources(WISH, [GPU, LARGE, {**GPU, **LARGE}]) == {"GPU": 1.0, "MEMORY": 32e9}


def test_too_many_resources_are_refused_with_the_maximum() -> None:
    with pytest.raises(Unavailable, match=r"CPU=2 \(.* CPU=1\)"):
        required_resources({**WISH, "gpu": None}, [{"CPU": 1.0}, {"CPU": 0.5}])


class FakeCluster:
    """A cluster with one worker; `gate` holds up the end of places, `refusal` is raised by it."""

    is_connected = is_reached_by_address = True
    generation = 1

    def __init__(self) -> None:
        self.is_closed = False
        self.gate = threading.Event()
        self.known = ["tcp://w1"]
        self.refusal: Exception | None = None
        self.ended: list[str] = []
        self.hear: Callable[[dict[str, Any]], None] = print

    def listen(self, topics: Iterable[str], hear: Callable[[dict[str, Any]], None]) -> None:
        self.hear = hear

    def connect(self) -> None:
        if self.is_closed:
            raise Unavailable("closed")

    def close(self) -> None:
        self.is_closed = True

    def published_future(self, name: str) -> None:
        return None

    def cancel_and_unpublish(self, name: str, future: None) -> None:
        assert self.gate.wait(10)
        self.connect()

    def published_names(self) -> list[str]:
        return []

    def workers(self, since: float = 0.0) -> dict[str, Any]:
        return {address: {} for address in self.known}

    def attract_worker(self) -> None:
        self.ended.append("nobody")

    def call_all(self, at: list[str], verb: str, paths: list[str], code: Any) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        return {address: (verb, paths, code.name) for address in at}

    def has_worker(self, address: str) -> bool:
        return address == "tcp://w1"

    def mark_unneeded(self, address: str, places: list[str]) -> None:
        if self.refusal:
            raise self.refusal
        self.ended += places


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def runtime(cluster: FakeCluster) -> DaskRuntime:
    made = DaskRuntime(Settings())
    made.cluster = cluster  # type: ignore[assignment]
    return made


BEGAN = {
    "attempt": "a1",
    "what": "began",
    "worker": "tcp://w1",
    "place": "nbyard-a1-x",
    "is_shared": False,
}


def begun(cluster: FakeCluster, runtime: DaskRuntime, folder: Path) -> Order:
    """Return an attempt that the worker has accepted."""
    order = Order("a1", "store", "run", "node", folder, "mark", site="here")
    runtime.attempt(order)
    cluster.hear(BEGAN)
    return order


def test_messages_that_come_again_leave_nothing_in_an_ended_attempt(cluster, runtime, tmp_path):
    """The next dispatcher hears all of them again, perhaps after it has cleaned up."""
    order = begun(cluster, runtime, tmp_path)
    assert (tmp_path / "dask.json").exists()
    (tmp_path / "result.json").write_text("{}")
    cluster.gate.set()
    runtime.stop(order, because("ended"))
    (tmp_path / "dask.json").unlink()
    cluster.hear(BEGAN)
    assert not (tmp_path / "dask.json").exists()
    runtime.close()


def test_ended_attempts_are_removed_before_disconnecting(cluster, runtime, tmp_path):
    """Otherwise, it would occupy a thread until the worker times out."""
    order = begun(cluster, runtime, tmp_path)
    (tmp_path / "result.json").write_text("{}")
    runtime.stop(order, because("text", text="it is at its end"))
    (tmp_path / "dask.json").unlink()  # as the dispatcher does, which keeps the record only
    opener = threading.Timer(0.2, cluster.gate.set)
    opener.start()
    runtime.close()
    opener.join()
    assert cluster.is_closed and cluster.ended == ["nbyard-a1-x"]


def test_a_sweep_that_fails_is_repeated(cluster, runtime, tmp_path):
    begun(cluster, runtime, tmp_path)
    cluster.refusal = Unavailable("the worker does not answer")
    assert runtime.sweep("store", []) == []
    cluster.refusal = None
    runtime.sweep("store", ["a1"])
    assert cluster.ended == []
    runtime.sweep("store", [])
    runtime.sweep("store", [])
    assert cluster.ended == ["nbyard-a1-x"]


def test_every_worker_is_asked_about_paths(cluster, runtime):
    """Any of them may have computed the results."""
    cluster.known.append("tcp://w2")
    told: list[Any] = [*runtime.path_states(("/a", "/b"))]
    assert told == [("describe_paths", ["/a", "/b"], PATHS.name)] * 2
    cluster.refusal = WorkerGone("tcp://w2")
    with pytest.raises(Unavailable, match="tcp://w2"):
        runtime.path_states(["/a"])
    cluster.known = []
    with pytest.raises(Unavailable, match="No Dask worker is"):
        runtime.path_states(["/a"])
    assert cluster.ended == ["nobody"], "a cluster that scales with its work gets a request"
