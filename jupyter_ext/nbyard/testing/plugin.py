"""Fixtures for tests of nbyard and of what others build on it: `postgres`, `store`, `yard`,
`dispatcher`, `api`."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbyard.store import Store
    from nbyard.testing.dispatching import Dispatching
    from nbyard.testing.server import JupyterServer
    from nbyard.yard import Yard

PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server of our own; the test is skipped where none is installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("postgres")
    server = _start(programs[-1], folder, port)
    try:
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def _start(programs: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    data = folder / "data"
    as_nobody: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for place in (folder, *folder.parents):
            if place.owner() == "root" and place.stat().st_mode & 0o077 == 0:
                place.chmod(0o711)
        shutil.chown(folder, 65534, 65534)
    initdb = [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync"]
    subprocess.run([*as_nobody, *map(str, initdb)], check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = ["-k", folder, "-h", "127.0.0.1", "-p", str(port), "-F"]
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        [*as_nobody, *map(str, [programs / "postgres", "-D", data, *options])],
        stdout=log,
        stderr=log,
        cwd="/",
    )
    log.close()
    end = time.monotonic() + PATIENCE_SECONDS
    while not _answers(port):
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.05)
    return server


def _answers(port: int) -> bool:
    import psycopg

    try:
        psycopg.connect(f"host=127.0.0.1 port={port} user=tester dbname=postgres").close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, empty database: SQLite unless parametrised with "postgresql"."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield ""
        return
    import psycopg

    server = request.getfixturevalue("postgres")
    name = f"t{time.monotonic_ns()}"
    plain = server.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield server.rpartition("/")[0] + f"/{name}"


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> Iterator["Store"]:
    """An open, empty store."""
    from nbyard.store import Store

    opened = Store(tmp_path / "store", database_url)
    yield opened
    opened.close()


@pytest.fixture
def yard(tmp_path: Path, database_url: str) -> Iterator["Yard"]:
    """A yard over an empty store; files below `tmp_path / "root"`. No dispatcher is started."""
    from nbyard.settings import Settings
    from nbyard.yard import Yard

    root = tmp_path / "root"
    root.mkdir()
    settings = Settings(
        store_dir=str(tmp_path / "store"), database_url=database_url, inline_dispatch=True
    )
    with Yard.open(settings, root, root) as opened:
        yield opened


@pytest.fixture
def dispatcher(yard: "Yard") -> Iterator["Dispatching"]:
    """A dispatcher for `yard` in a thread of this process."""
    from nbyard.testing.dispatching import Dispatching

    with Dispatching(yard.settings) as running:
        yield running


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator["JupyterServer"]:
    """A Jupyter server with nbyard on an empty store, for all tests of a module, which bears the
    mark `leaves_running`. No dispatcher is started."""
    from nbyard.testing.server import JupyterServer

    server = JupyterServer(tmp_path_factory.mktemp("server")).start()
    try:
        yield server
    finally:
        server.stop()
