"""Rows move between databases unchanged."""

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.fixtures import created_database

from nbyard.errors import Damaged
from nbyard.reasons.structs import because
from nbyard.store import Store, events
from nbyard.store.database.database_connection import Database, sqlite_url
from nbyard.store.database.row_checks import dump, load, tables_of
from nbyard.store.events import Subject
from nbyard.store.migrate import revisions, schema_of, upgrade

from ....next_migration import add_migration
from ..rows import Rows

pytestmark = pytest.mark.slow

STRANGE = {"text": "\N{SNOWMAN} 'x'; --", "list": [1, 2.5, True], "huge": 10**40, "none": None}


def fill(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        rows.dataset("penguins")
        rows.executable("clean", path="clean.ipynb")
        run = rows.run("nightly", parameters=STRANGE)
        task = rows.succeeded(run, reason=because("retry-of-run", run=1))
        rows.attempt(task)
        rows.artifact(task)
        rows.task(run, "b")


def content(store: Store) -> dict[str, list[bytes]]:
    with store.read() as c:
        return {name: [*lines] for name, lines in dump(c)}


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path, empty_database: bytes):
    """Yield another database with the newest schema."""
    url, folder = "", tmp_path / "other"
    folder.mkdir(mode=0o700)
    if request.param == "postgresql":
        template = request.getfixturevalue("postgres_template")
        url = created_database(request.getfixturevalue("postgres"), template)
    else:
        (folder / "store.sqlite").write_bytes(empty_database)
    database = Database(url or sqlite_url(folder), folder, lambda: None)
    yield database, folder, url
    database.close()


def test_all_rows_move_to_either_database(store: Store, other) -> None:
    fill(store)
    before = content(store)
    assert all(before[name] for name in ("datasets", "runs", "tasks", "attempts", "events"))
    database, folder, url = other
    with database.write() as c:
        tables = tables_of(c)
        for name, lines in before.items():
            assert load(c, tables, name, lines) == len(lines)
    with closing(Store(folder, url)) as opened:
        assert content(opened) == before
        newest = max(int(line.split(b'"id":')[1].split(b",")[0]) for line in before["events"])
        with opened.write() as c:
            events.append(c, "run", Subject("r", "ada"), {"state": "queued"})
            assert events.newest_id(c) == newest + 1


def test_nulls_of_sql_and_of_json_stay_apart(store: Store, other) -> None:
    fill(store)
    with store.write() as c:
        c.execute(text("update tasks set failure = 'null', observed = null where node = 'a'"))
    database, *_ = other
    with database.write() as c:
        tables = tables_of(c)
        for name, lines in content(store).items():
            load(c, tables, name, lines)
        found = c.execute(
            text("select cast(failure as text), observed from tasks where node = 'a'")
        ).one()
    assert tuple(found) == ("null", None)


@pytest.mark.parametrize("line", [b"{}", b'{"id": 1}', b"[]", b"none", b"\xff"])
def test_other_rows_are_refused(store: Store, line: bytes) -> None:
    with pytest.raises(Damaged) as refused, store.write() as c:
        load(c, tables_of(c), "facts", [line])
    assert "facts" in refused.value.message and "1" in refused.value.message


def test_unknown_tables_are_refused(store: Store) -> None:
    with pytest.raises(Damaged), store.write() as c:
        load(c, tables_of(c), "users", [])


def test_rows_of_an_older_schema_are_loaded_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = revisions()[-1]
    add_migration(tmp_path, monkeypatch)
    lines: dict[str, list[bytes]] = {}
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        database = Database(sqlite_url(folder), folder, lambda: None)
        with database.write() as c:
            upgrade(c, older)
            for table, rows in lines.items():
                load(c, tables_of(c), table, rows)
        if not lines:
            with database.write() as c:
                c.execute(text("insert into facts (name, value) values ('store_id', 's')"))
            with database.read() as c:
                lines = {table: [*rows] for table, rows in dump(c)}
        database.close()
    opened = Store(tmp_path / "two")  # migrates
    assert opened.id == "s"
    with opened.read() as c:
        assert schema_of(c) == revisions()[-1] != older
    opened.close()
