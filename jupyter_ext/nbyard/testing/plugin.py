"""Fixtures for tests of nbyard and of what others build on it: `postgres`, `store`, `yard`,
`dispatcher`, `api`."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbyard.store import Store
    from nbyard.testing.dispatching import Dispatching
    from nbyard.testing.server import JupyterServer
    from nbyard.testing.wheels import Wheels
    from nbyard.yard import Yard


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server of our own; the test is skipped where none is installed."""
    from nbyard.testing.postgres import Postgres

    if Postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed")
    server = Postgres(tmp_path_factory.mktemp("postgres")).make().start()
    try:
        yield server.url
    finally:
        server.stop()


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
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Wheels":
    """A folder of small wheels as the only place that packages come from."""
    from nbyard.testing.wheels import Wheels

    return Wheels(tmp_path / "wheels", monkeypatch)


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
