"""A scheduler that takes calls and does not respond."""

import math
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.errors import Unavailable
from nbyard.runtimes.dask import cluster as module
from nbyard.runtimes.dask.cluster import Cluster
from nbyard.settings import Settings

ANSWER: dict[str, Any] = {"workers": {"tcp://w:1": {}}}


class Client(SimpleNamespace):
    """Is asked, and hangs for as long as it does not respond."""

    status = "running"
    scheduler_comm = None

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.hangs = True
        self.gate: threading.Event | None = None

    def sync(self, _: Callable[[], Any], callback_timeout: float | None) -> Any:
        self.asked += 1
        if self.gate is not None:
            assert self.gate.wait(30)
        if self.hangs:
            raise TimeoutError(f"timed out after {callback_timeout} s.")
        return ANSWER

    def close(self, timeout: float) -> None:
        """Nobody is there to be told."""


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def cluster(client: Client, monkeypatch) -> Cluster:
    monkeypatch.setattr(module, "FRESH_SECONDS", math.inf)  # however slow the machine is
    made = Cluster(Settings(dask_address="tcp://127.0.0.1:1"))
    made.client = client
    return made


def refused(ask: Callable[[], Any]) -> None:
    with pytest.raises(Unavailable, match="does not respond"):
        ask()


def test_a_hanging_cluster_is_asked_once_for_all(cluster, client):
    """Many callers ask different questions."""
    for ask in (cluster.workers, cluster.published_names, cluster.connect, cluster.describe):
        refused(ask)
    assert client.asked == 1


def test_one_thread_asks_again_and_others_fail_at_once(cluster, client, monkeypatch):
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    refused(cluster.workers)
    client.gate = threading.Event()
    client.hangs = False
    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(cluster.workers()))
    first.start()
    while client.asked < 2:
        first.join(0.001)
    refused(cluster.published_names)
    refused(cluster.connect)
    assert (client.asked, found) == (2, [])
    client.gate.set()
    first.join()
    assert found == [ANSWER["workers"]]
    cluster.connect()
    assert cluster.has_worker("tcp://w:1")
    assert client.asked == 2


def test_no_thread_waits_for_another_request(cluster, client):
    """This includes callers that asked before the cluster was known to hang."""
    client.gate = threading.Event()
    one = threading.Thread(target=lambda: refused(cluster.workers))
    one.start()
    while not client.asked:
        one.join(0.001)
    cluster.connect()
    assert one.is_alive()
    client.gate.set()
    one.join()
    refused(cluster.connect)


def test_a_lost_connection_is_opened_again_at_once(cluster, client, monkeypatch):
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.1)
    refused(cluster.workers)
    client.status = "closed"
    with pytest.raises(Unavailable, match="cannot be reached"):
        cluster.connect()


def test_a_missing_object_is_asked_for_again(cluster, client):
    client.hangs = False
    assert cluster.has_worker("tcp://w:1")
    assert not cluster.has_worker("tcp://w:2")
    assert client.asked == 2
