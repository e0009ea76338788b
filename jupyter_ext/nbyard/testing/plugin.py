"""Fixtures for tests of nbyard and of what others build on it: `postgres`, `store`, `yard`,
`shell`, `forked_shell`, `store_shell`, `dispatcher`, `api`."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbyard.store import Store
    from nbyard.testing.dispatching import Dispatching
    from nbyard.testing.forked import ForkedShell, StoreShell
    from nbyard.testing.server import JupyterServer
    from nbyard.testing.shell import Said
    from nbyard.testing.wheels import Wheels
    from nbyard.yard import Yard


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server of our own; the test is skipped where none is installed."""
    from nbyard.testing.postgres import Postgres

    if Postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed")
    server = Postgres()
    try:
        yield server.make().start().url
    finally:
        server.remove()


def _created(server: str, template: str) -> str:
    """The URL of a new database, which is a copy of another one."""
    import psycopg

    name = f"t{time.monotonic_ns()}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
    return server.rpartition("/")[0] + f"/{name}"


@pytest.fixture(scope="session")
def postgres_template(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with the newest schema and nothing in it."""
    from nbyard.store.database.engine import Database
    from nbyard.store.migrate import migrate

    folder = tmp_path_factory.mktemp("template")
    database = Database(_created(postgres, "template1"), folder, lambda: None)
    migrate(database, folder)
    database.close()
    return str(database.engine.url.database)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database with the newest schema: SQLite unless parametrised with "postgresql"."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    template = request.getfixturevalue("postgres_template")
    return _created(request.getfixturevalue("postgres"), template)


@pytest.fixture
def bare_database_url(request: pytest.FixtureRequest) -> str:
    """The same before there is a schema."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    return _created(request.getfixturevalue("postgres"), "template1")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An SQLite database with the newest schema and nothing in it: to migrate takes ten times as
    long as to open."""
    from nbyard.store.database.engine import Database, sqlite_url
    from nbyard.store.migrate import migrate

    folder = tmp_path_factory.mktemp("empty")
    database = Database(sqlite_url(folder), folder, lambda: None)
    migrate(database, folder)
    with database.engine.connect() as c:
        c.execution_options(nbyard_plain=True)
        c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return (folder / "store.sqlite").read_bytes()


@pytest.fixture
def store_folder(tmp_path: Path, database_url: str, empty_database: bytes) -> Path:
    """The folder of a store that nobody has opened yet."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    if not database_url:
        (folder / "store.sqlite").write_bytes(empty_database)
    return folder


@pytest.fixture
def store(store_folder: Path, database_url: str) -> Iterator["Store"]:
    """An open, empty store."""
    from nbyard.store import Store

    opened = Store(store_folder, database_url)
    yield opened
    opened.close()


@pytest.fixture
def yard(tmp_path: Path, store_folder: Path, database_url: str) -> Iterator["Yard"]:
    """A yard over an empty store; files below `tmp_path / "root"`. No dispatcher is started."""
    from nbyard.settings import Settings
    from nbyard.yard import Yard

    root = tmp_path / "root"
    root.mkdir()
    settings = Settings(
        store_dir=str(store_folder), database_url=database_url, inline_dispatch=True
    )
    with Yard.open(settings, root, root) as opened:
        yield opened


@pytest.fixture
def shell(yard: "Yard", monkeypatch: pytest.MonkeyPatch) -> Callable[..., "Said"]:
    """The command line on the store of `yard`, in its root."""
    from nbyard.testing.shell import call

    for name, value in yard.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(yard.parts.files.root)
    return call


@pytest.fixture(scope="session")
def forked_shell() -> Iterator["ForkedShell"]:
    """The command line as a shell uses it, without the time that its imports take."""
    from nbyard.testing.forked import ForkedShell

    made = ForkedShell()
    yield made
    made.close()


@pytest.fixture
def store_shell(forked_shell: "ForkedShell", tmp_path: Path) -> Iterator["StoreShell"]:
    """The same on a store of the test's own."""
    from nbyard.testing.forked import StoreShell

    made = StoreShell(forked_shell, tmp_path / "store")
    yield made
    made.close()


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
