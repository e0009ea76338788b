"""A database that another process keeps locked, or whose server restarts.

Callers get an explanation, and the work continues by itself afterwards."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from tests.support.postgres import Postgres

from .conftest import SEED
from .flows import GRAPHS, WAIT
from .load import Load
from .place import Place, Server, Zygote, until

IS_LONG = os.environ.get("NBYARD_TEST_PROFILE") == "long"
RESTARTS = 10 if IS_LONG else 2
KEEPER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
database.execute("begin immediate")
print("kept", flush=True)
sys.stdin.read()
"""
# a server that refuses a write after twice the lease of the dispatcher
SOON_BUSY = """
from nbyard.store.database import database_connection
database_connection.BUSY_SECONDS = 4.0
"""
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
WRITING_PROCESSES = 5
WRITING_SECONDS = 60 if IS_LONG else 3
# ten writers, who write as often as they can; each tells how long its transactions took
WRITERS = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlalchemy import text
from nbyard.store import Store

store = Store(Path(sys.argv[1]), sys.argv[2])
end = time.monotonic() + float(sys.argv[3])
adds = text("insert into facts (name, value) values (:name, '')")

def write(writer):
    took = []
    while time.monotonic() < end:
        with store.write() as c:
            begun = time.monotonic()
            c.execute(adds, {"name": f"{sys.argv[4]} {writer} {len(took)}"})
        took.append(time.monotonic() - begun)
    return took

with ThreadPoolExecutor(10) as pool:
    print(json.dumps([*pool.map(write, range(10))]))
"""


@contextmanager
def kept_locked(place: Place) -> Iterator[int]:
    """Let a foreign process write to the store's database during the block; yield its process
    ID."""
    words = [sys.executable, "-c", KEEPER, str(place.store / "store.sqlite")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as keeper:
        assert keeper.stdout and keeper.stdout.readline()
        yield keeper.pid


@pytest.fixture
def postgres_server() -> Iterator[Postgres]:
    """Start a PostgreSQL server that no other test uses."""
    if Postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed")
    made = Postgres()
    try:
        yield made.make().start()
    finally:
        made.remove()


@pytest.fixture
def restartable(
    tmp_path: Path, postgres_server: Postgres, zygote: Zygote, bystander: psutil.Process
) -> Iterator[Place]:
    made = Place(tmp_path, postgres_server.url, zygote)
    yield made
    made.close()


def test_locked_database_delays_writes_and_loses_nothing(place: Place, tmp_path: Path) -> None:
    """Reads work, a refused write names the blocking process, and the dispatcher survives
    longer than its lease."""
    place.settings["NBYARD_LEASE_SECONDS"] = "2"
    path = place.flow(GRAPHS["diamond"], WAIT)
    (tmp_path / "sitecustomize.py").write_text(SOON_BUSY)
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(paths), "NBYARD_INLINE_DISPATCH": "true"}
    with Server(place, **own) as server:  # it calls no other dispatcher
        run = place.submit(path)
        process = place.dispatcher()
        until(lambda: place.has_begun("b"), "the second node")
        with kept_locked(place) as keeper:
            place.gate.touch()
            for _ in range(3 if IS_LONG else 1):
                status, told = server.ask("POST", "/runs", {"path": path, "force": True}, "late")
                assert (status, told["code"]) == (503, "busy")
                assert f"process {keeper} (python" in told["message"]
                assert server.headers["Retry-After"]
                status, found = server.ask("GET", f"/runs/{run}")
                assert (status, found["run"]["state"]) == (200, "running")
        status, told = server.ask("POST", "/runs", {"path": path, "force": True}, "late")
        assert status == 201
        place.acknowledged["late"] = told["id"]
        until(place.all_ended, f"the end of the runs\n{place.told()}")
        until(lambda: place.holder() == process.pid, "its lease: nothing had to be started again")
        place.settle()
    assert set(place.states().values()) == {"succeeded"}
    place.check(at_most=1)


@pytest.mark.sample(1)
@BOTH
def test_fifty_simultaneous_writers_all_succeed(place: Place, database_url: str) -> None:
    """In five processes, for a minute. None is refused."""
    words = [sys.executable, "-c", WRITERS, str(place.store), database_url, str(WRITING_SECONDS)]
    with ExitStack() as open_ones:
        writers = [
            open_ones.enter_context(subprocess.Popen([*words, str(number)], stdout=-1, text=True))
            for number in range(WRITING_PROCESSES)
        ]
        told = [json.loads(writer.communicate()[0] or "[]") for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITING_PROCESSES
    took = sorted(seconds for process in told for writer in process for seconds in writer)
    with place.yard.store.read() as c:
        rows = c.execute(text("select count(*) from facts where name like '% % %'")).scalar()
    assert rows == len(took) and all(map(all, told))
    p99 = took[len(took) * 99 // 100] * 1e3
    sys.stdout.write(f"{len(took)} writes in {WRITING_SECONDS} s, p99 {p99:.1f} ms\n")


def has_more(load: Load, count: int) -> bool:
    return len(load.acknowledged) > count


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_restart_of_postgresql_loses_nothing(restartable: Place, postgres_server: Postgres) -> None:
    """At any moment. A commit with an unknown outcome is not repeated."""
    place = restartable
    place.settings["NBYARD_LEASE_SECONDS"] = "3"
    paths = [place.flow(graph, "sleep 0.2", name=name) for name, graph in GRAPHS.items()]
    with Server(place) as server:
        load = Load([server], [{"path": path, "force": True} for path in paths], SEED)
        with load.running():
            for _ in range(RESTARTS):
                until(place.working, "work")
                known = len(load.acknowledged)
                until(partial(has_more, load, known + 2), "a few runs")
                postgres_server.crash()
                postgres_server.start()
        until(load.poll, f"the end of all runs\n{place.told()}", 180)
        assert not server.is_dead()
        place.settle()
    place.acknowledged = load.acknowledged
    sys.stdout.write(f"{len(place.states())} runs, {load.unanswered} requests repeated\n")
    assert set(place.states().values()) == {"succeeded"}
    place.check(at_most=1)


@pytest.mark.long
def test_dispatcher_survives_a_stopped_postgresql(
    restartable: Place, postgres_server: Postgres
) -> None:
    """Longer than its lease, without any caller that could start another one."""
    place = restartable
    place.settings["NBYARD_LEASE_SECONDS"] = "1"
    run = place.submit(place.flow(GRAPHS["diamond"], WAIT))
    process = place.dispatcher()
    until(lambda: place.has_begun("b"), "the second node")
    postgres_server.crash()
    until(lambda: "stands still" in place.told(), f"its words\n{place.told()}")
    place.gate.touch()
    postgres_server.start()
    until(place.all_ended, f"the end of the run\n{place.told()}")
    # a lease of a second may lapse for a moment where the machine is busy
    until(lambda: place.holder() == process.pid, "its lease")
    place.settle()
    assert place.states() == {run: "succeeded"}
    place.check(at_most=1)
