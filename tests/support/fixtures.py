"""Fixtures for the tests of this repository: shells, servers, databases and offline wheels."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import psycopg
    from tests.support.forked_shells import ForkedShell, StoreShell
    from tests.support.jupyter_server import JupyterServer
    from tests.support.wheels import Wheels

CREATORS: dict[str, "psycopg.Connection"] = {}  # by server: each new one costs it 8 ms


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the URL of a private PostgreSQL server; skip the test if it is not installed."""
    from tests.support.postgres import Postgres

    if Postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed")
    server = Postgres()
    try:
        yield server.make().start().url
    finally:
        if connection := CREATORS.pop(server.url, None):
            connection.close()
        server.remove()


def created_database(server: str, template: str) -> str:
    """Create a database as a copy of another one and return its URL."""
    import psycopg

    name = f"t{time.monotonic_ns()}"
    connection = CREATORS.get(server)
    if connection is None or connection.closed:
        connection = psycopg.connect(server.replace("+psycopg", ""), autocommit=True)
        CREATORS[server] = connection
    # half the processor time of a copy through the log, which is newer
    copy = "strategy file_copy" if connection.info.server_version >= 150_000 else ""
    connection.execute(f"create database {name} template {template} {copy}")
    return server.rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="session")
def postgres_template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of an empty database with the newest schema."""
    from nbyard.store.database.database_connection import Database
    from nbyard.store.migrate import migrate

    folder = tmp_path_factory.mktemp("template")
    database = Database(created_database(postgres, "template1"), folder, lambda: None)
    migrate(database, folder)
    database.close()
    return str(database.engine.url.database)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Return an empty database with the newest schema.

    It is SQLite unless the parameter is "postgresql".
    """
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    template = request.getfixturevalue("postgres_template")
    return created_database(request.getfixturevalue("postgres"), template)


@pytest.fixture
def bare_database_url(request: pytest.FixtureRequest) -> str:
    """Return an empty database without a schema."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    return created_database(request.getfixturevalue("postgres"), "template1")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Wheels":
    """Return a folder of small wheels, which is the only source of packages."""
    from tests.support.wheels import Wheels

    return Wheels(tmp_path / "wheels", monkeypatch)


@pytest.fixture(scope="session")
def forked_shell() -> Iterator["ForkedShell"]:
    """Yield the command line as a shell uses it, without the time for its imports."""
    from tests.support.forked_shells import ForkedShell

    made = ForkedShell()
    yield made
    made.close()


@pytest.fixture
def store_shell(forked_shell: "ForkedShell", tmp_path: Path) -> Iterator["StoreShell"]:
    """Yield the forked command line with a store for this test."""
    from tests.support.forked_shells import StoreShell

    made = StoreShell(forked_shell, tmp_path / "store")
    yield made
    made.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator["JupyterServer"]:
    """Yield a Jupyter server with nbyard and an empty store, without a dispatcher.

    All tests of a module share it; the module has the mark `leaves_running`.
    """
    from tests.support.jupyter_server import JupyterServer

    server = JupyterServer(tmp_path_factory.mktemp("server")).start()
    try:
        yield server
    finally:
        server.stop()
