"""A running server keeps a dispatcher alive without any request."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.jupyter_server import JupyterServer

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.ipc.dispatcher_launcher import LEASE, has_dispatcher, pid_of
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.testing.conformance.runtimes import wait_until
from nbyard.yard import Yard

pytestmark = pytest.mark.leaves_running
ANN = Caller(local_name())
WAIT = "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(0.05)\n"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[JupyterServer]:
    made = JupyterServer(tmp_path, inline_dispatch=False, idle_seconds=1)
    yield made
    made.stop()
    store = Store(made.store)
    wait_until(lambda: not has_dispatcher(store))
    store.close()


def holder(store: Store) -> str:
    with store.read() as c:
        lease = store.leases.get(c, LEASE)
    return lease.holder if lease and has_dispatcher(store) else ""


def state(store: Store, run_id: str) -> str:
    with store.read() as c:
        run = store.runs.get(c, ANN.name, run_id)
    assert run is not None
    return run.state


def test_killed_dispatcher_is_replaced_without_a_request(
    server: JupyterServer, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    (server.root / "wait.py").write_text(WAIT.format(str(go)))
    server.start()
    run_id = server.send("POST", "/runs", {"path": "wait.py"}).json["id"]
    store = Store(server.store)
    wait_until(lambda: state(store, run_id) == "running")
    killed = holder(store)
    os.kill(pid_of(killed), signal.SIGKILL)
    wait_until(lambda: holder(store) not in ("", killed))
    go.touch()
    wait_until(lambda: state(store, run_id) == "succeeded")
    store.close()


@pytest.mark.long
def test_starting_server_resumes_abandoned_runs(server: JupyterServer, tmp_path: Path) -> None:
    (server.root / "quick.py").write_text("print(1)")
    alone = Settings(store_dir=str(server.store), inline_dispatch=True)
    with Yard.open(alone, server.root, server.root) as yard:
        run_id = yard.services.runs.create(ANN, NewRun(path="quick.py")).id
    server.start()
    store = Store(server.store)
    wait_until(lambda: state(store, run_id) == "succeeded")
    store.close()
