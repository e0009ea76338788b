"""A migration killed at one of its statements leaves the old or the new schema;
two simultaneous processes migrate once. Each statement of each migration is tried once."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text

from nbyard.store import Store
from nbyard.store.database.database_connection import Database, sqlite_url
from nbyard.store.migrate import revisions, upgrade

from ..next_migration import add_migration

# a check kills at each third statement, since each kill is a migration from the start
STEP = 1 if os.environ.get("NBYARD_TEST_PROFILE") == "long" else 3
BOTH = pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)


def open_in_a_fork(folder: Path, url: str, die_at: int = 0) -> int:
    """Open the store in another process, killed before that statement of a migration (the number
    after the last one is its commit). Return its process ID."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            _arm(die_at)
            Store(folder, url).close()
            status = 0
        finally:
            os._exit(status)
    return pid


def _arm(die_at: int) -> None:
    left = iter(range(die_at - 1, -1, -1))
    upgrade = command.upgrade

    def count(*_: object) -> None:
        if next(left, None) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(*words: Any) -> None:
        event.listen(Engine, "before_cursor_execute", count)
        upgrade(*words)
        event.remove(Engine, "before_cursor_execute", count)
        count()

    command.upgrade = watched  # type: ignore[assignment]


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


REVISIONS = revisions()  # a test adds one more


def deaths(revision: str | None) -> Iterator[int]:
    """Yield the statements to kill at: all from an empty store, the first and last schema, some
    from others. All migrations are one transaction. Every statement from every schema would take
    hours."""
    if revision in {None, REVISIONS[0], REVISIONS[-1]}:
        return itertools.count(1, STEP)
    return (2**power for power in itertools.count())


def make_old(folder: Path, url: str, revision: str) -> None:
    """Create a store of an older revision, with a row."""
    folder.mkdir(exist_ok=True)
    database = Database(url or sqlite_url(folder), folder, lambda: None)
    with database.write() as c:
        upgrade(c, revision)
        c.execute(text("insert into facts (name, value) values ('kept', 'yes')"))
    database.close()


def shape(folder: Path, url: str) -> tuple[str | None, dict[str, list[str]]]:
    """Return the revision, and the columns and indexes of all tables."""
    database = Database(url or sqlite_url(folder), folder, lambda: None)
    with database.read() as c:
        stamp = MigrationContext.configure(c).get_current_revision()
        looks = inspect(c)
        found = {
            name: sorted(
                str(part["name"]) for part in (*looks.get_columns(name), *looks.get_indexes(name))
            )
            for name in looks.get_table_names()
        }
    database.close()
    return stamp, found


@pytest.mark.sample(1)
@pytest.mark.parametrize("revision", [None, *REVISIONS])
@BOTH
@pytest.mark.timeout(600)
def test_migration_killed_at_a_statement_is_repeated(
    tmp_path: Path, bare_database_url: str, revision: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This also holds while the first schema is created.

    The next process migrates the store."""
    add_migration(tmp_path, monkeypatch)
    folder = tmp_path / "store"
    if revision:
        make_old(folder, bare_database_url, revision)
        old = shape(folder, bare_database_url)
    for statement in deaths(revision):
        how = ended(open_in_a_fork(folder, bare_database_url, statement))
        if how == 0:
            break
        assert how == -signal.SIGKILL
        stamp, tables = shape(folder, bare_database_url)
        if revision:
            assert (stamp, tables) == old
        else:
            assert stamp is None and not tables.keys() - {"alembic_version"}
    assert statement > 1, "a migration has statements"
    check_new(folder, bare_database_url, kept=revision is not None)


def check_new(folder: Path, url: str, *, kept: bool) -> None:
    assert shape(folder, url)[0] == revisions()[-1] not in REVISIONS
    opened = Store(folder, url)
    with opened.read() as c:
        found = c.execute(text("select value from facts where name = 'kept'")).scalar()
    opened.close()
    assert found == ("yes" if kept else None)


@pytest.mark.parametrize("revision", [None, REVISIONS[0]])
@BOTH
def test_several_processes_migrate_once(
    tmp_path: Path, bare_database_url: str, revision: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process migrates, the others wait. A copy of the older store is kept."""
    add_migration(tmp_path, monkeypatch)
    folder = tmp_path / "store"
    if revision:
        make_old(folder, bare_database_url, revision)
    pids = [open_in_a_fork(folder, bare_database_url) for _ in range(4)]
    assert [ended(pid) for pid in pids] == [0] * 4
    check_new(folder, bare_database_url, kept=revision is not None)
    copies = list(folder.glob("store-*.sqlite"))
    assert len(copies) == (bool(revision) and not bare_database_url)
