"""Fixtures for tests of nbyard and its plug-ins.

They are `store`, `yard`, `shell` and `dispatcher`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbyard.store import Store
    from nbyard.testing.dispatcher_thread import Dispatching
    from nbyard.testing.shells import CommandResult
    from nbyard.yard import Yard


@pytest.fixture
def database_url() -> str:
    """Return the URL of the database of the store, "" for SQLite in its folder."""
    return ""


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an empty SQLite database with the newest schema.

    Migrating takes ten times as long as opening a copy.
    """
    from nbyard.store.database.database_connection import Database, sqlite_url
    from nbyard.store.migrate import migrate

    folder = tmp_path_factory.mktemp("empty")
    database = Database(sqlite_url(folder), folder, lambda: None)
    migrate(database, folder)
    with database.engine.connect() as c:
        c.execution_options(nbyard_plain=True)
        # Only the database file is copied, so its log must be written back before.
        c.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return (folder / "store.sqlite").read_bytes()


@pytest.fixture
def store_folder(tmp_path: Path, database_url: str, empty_database: bytes) -> Path:
    """Return the folder of a store that was not opened yet."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    if not database_url:
        (folder / "store.sqlite").write_bytes(empty_database)
    return folder


@pytest.fixture
def store(store_folder: Path, database_url: str) -> Iterator["Store"]:
    """Yield an open, empty store."""
    from nbyard.store import Store

    opened = Store(store_folder, database_url)
    yield opened
    opened.close()


@pytest.fixture
def yard(tmp_path: Path, store_folder: Path, database_url: str) -> Iterator["Yard"]:
    """Yield a yard on an empty store, without a dispatcher; files lie below `tmp_path / "root"`."""
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
def shell(yard: "Yard", monkeypatch: pytest.MonkeyPatch) -> Callable[..., "CommandResult"]:
    """Return the command line for the store of `yard`, in its root."""
    from nbyard.testing.shells import call_nbyard

    for name, value in yard.settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(yard.context.files.root)
    return call_nbyard


@pytest.fixture
def dispatcher(yard: "Yard") -> Iterator["Dispatching"]:
    """Yield a dispatcher for `yard` in a thread of this process."""
    from nbyard.testing.dispatcher_thread import Dispatching

    with Dispatching(yard.settings) as running:
        yield running
