"""Writes are immediate, one at a time, and never answer with "database is locked"."""

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import JSON, literal, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from nbyard.domain.ids import new_id
from nbyard.errors import Busy, NbyardError, StoreUnusable, Unavailable
from nbyard.store import Store
from nbyard.store.database import database_connection

pytestmark = pytest.mark.slow


def add_dataset(store: Store, name: str) -> None:
    with store.write() as c:
        store.datasets.create(c, "ada", name=name, description="")


def test_fifty_writers_all_succeed(store: Store) -> None:
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda number: add_dataset(store, f"d{number}"), range(50)))
    with store.read() as c:
        assert store.events.newest_id(c) == 50


def test_a_foreign_writer_makes_the_store_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_connection, "BUSY_SECONDS", 0.2)
    opened = Store(tmp_path)
    foreign = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    foreign.execute("begin immediate")
    with pytest.raises(Busy):
        add_dataset(opened, "late")
    Store(tmp_path).close()  # it can be opened and read meanwhile
    foreign.execute("rollback")
    foreign.close()
    add_dataset(opened, "in time")
    opened.close()


def test_a_concurrent_creation_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself refuses at once while another connection changes a new database."""
    other = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    other.execute("create table begun (number)")
    other.execute("begin immediate")
    waits: list[float] = []

    def leave(seconds: float) -> None:
        waits.append(seconds)
        other.rollback()

    monkeypatch.setattr(time, "sleep", leave)
    database = database_connection.Database(
        database_connection.sqlite_url(tmp_path), tmp_path, lambda: None
    )
    with database.read() as c:
        assert c.execute(text("select * from begun")).all() == []
    database.close()
    other.close()
    assert len(waits) == 1


def test_a_database_that_cannot_be_opened_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it waited"))
    (tmp_path / "store.sqlite-wal").mkdir()
    database = database_connection.Database(
        database_connection.sqlite_url(tmp_path), tmp_path, lambda: None
    )
    with pytest.raises(StoreUnusable, match="disk I/O error"), database.read():
        pass


def test_a_down_server_is_unavailable(tmp_path: Path) -> None:
    """The status is 503, with one line."""
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    with pytest.raises(Unavailable, match="does not respond") as refused:
        Store(tmp_path, url)
    assert "\n" not in refused.value.message


def test_a_refused_connection_names_the_setting(postgres: str, tmp_path: Path) -> None:
    for url, words in (
        (f"{postgres.rpartition('/')[0]}/missing", "missing"),
        (postgres.replace("tester@", "stranger@"), "stranger"),
    ):
        with pytest.raises(Unavailable, match=words) as refused:
            Store(tmp_path, url)
        assert "database_url" in refused.value.hint


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnusable) as refused:
        Store(tmp_path, "postgresql+psycopg://me@127.0.0.1:1/db")
    assert "nbyard[postgres]" in refused.value.hint


def test_state_changes_are_flushed_to_the_disk(tmp_path: Path) -> None:
    """An acknowledged commit survives a power cut (synchronous = FULL)."""
    opened = Store(tmp_path)
    with opened.read() as c:
        assert c.exec_driver_sql("pragma synchronous").scalar() == 2
        assert c.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert c.exec_driver_sql("pragma wal_autocheckpoint").scalar() == 0
    opened.close()


def test_writers_take_turns(store: Store) -> None:
    """What a transaction has read stays true until it commits, on both databases."""

    def count_on() -> None:
        with store.write() as c:
            found = c.execute(text("select value from facts where name = 'n'")).scalar()
            values = {"value": str(int(found or 0) + 1)}
            if found is None:
                c.execute(text("insert into facts (name, value) values ('n', :value)"), values)
            else:
                c.execute(text("update facts set value = :value where name = 'n'"), values)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(count_on) for _ in range(24)]:
            done.result()
    with store.read() as c:
        assert c.execute(text("select value from facts where name = 'n'")).scalar() == "24"


def test_a_reader_sees_one_state(store: Store) -> None:
    """What is written meanwhile is not seen, on both databases."""
    with store.read() as c:
        query = text("select count(*) from facts where name = 'late'")
        assert c.execute(query).scalar() == 0
        with store.write() as other:
            other.execute(text("insert into facts (name, value) values ('late', '')"))
        assert c.execute(query).scalar() == 0
    with store.read() as c:
        assert c.execute(query).scalar() == 1


def test_a_read_transaction_cannot_write(store: Store) -> None:
    """It could not wait for its turn. Readers and writers share connections."""
    for _ in range(2):
        with pytest.raises((DBAPIError, NbyardError), match=r"read-?only"), store.read() as c:
            c.execute(text("insert into facts (name, value) values ('n', '1')"))
        add_dataset(store, new_id())
    with store.read() as c:
        assert c.execute(text("select count(*) from facts where name = 'n'")).scalar() == 0


@pytest.mark.parametrize("value", ["half \ud83d", 10**30, {"é": [1.5, None, True]}])
def test_json_survives_storage(store: Store, value: object) -> None:
    text = database_connection.json_text({"value": value})
    assert json.loads(text) == {"value": value}
    with store.read() as c:
        assert c.scalar(select(literal({"value": value}, JSON))) == {"value": value}


def test_a_database_without_an_encoding_holds_utf_8(postgres: str, tmp_path: Path) -> None:
    """`initdb` with LANG=C creates one. It returns bytes without another client encoding."""
    server, name = postgres.rpartition("/")[0], f"ascii{time.monotonic_ns()}"
    made = f"create database {name} template template0 encoding 'SQL_ASCII' locale 'C'"
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(made.encode())
    with closing(Store(tmp_path, f"{server}/{name}")) as store:
        add_dataset(store, "précis 日本.csv")
        with store.read() as c:
            assert [*store.datasets.names(c, "ada").values()] == ["précis 日本.csv"]


def after_a_pipeline(c: Any) -> None:
    """PostgreSQL 15 does not look at how long such a transaction is idle."""
    c.execute("select pg_advisory_xact_lock(%s)", [database_connection.WRITE_LOCK])
    c.cursor().executemany("select %s", [(1,), (2,)])


def within_a_pipeline(c: Any) -> None:
    """PostgreSQL takes it for active, and waits for its client."""
    c.pgconn.enter_pipeline_mode()
    c.pgconn.send_query_params(
        b"select pg_advisory_xact_lock($1)", [b"%d" % database_connection.WRITE_LOCK]
    )
    c.pgconn.send_flush_request()
    assert c.pgconn.get_result().error_message == b""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("stop", [after_a_pipeline, within_a_pipeline])
def test_a_stopped_writer_blocks_for_a_limited_time(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, stop: Callable[[Any], None]
) -> None:
    """The tests of faults cover SQLite's lock, which is a file."""
    import psycopg

    monkeypatch.setattr(database_connection, "WRITE_LIMITS", {"lock": "500ms", "idle": "20s"})
    monkeypatch.setattr(database_connection, "PATIENCE_SECONDS", 0.2)
    plain = database_url.replace("+psycopg", "")
    with (
        closing(Store(tmp_path, database_url)) as store,
        closing(psycopg.connect(plain)) as stopped,
    ):
        stop(stopped)
        with pytest.raises(Busy):
            add_dataset(store, "waits")
        add_dataset(store, "goes on")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_compiles_no_query(tmp_path: Path, database_url: str) -> None:
    with closing(Store(tmp_path, database_url)) as store:
        with store.write() as c:
            assert c.execute(text("show jit")).scalar() == "off"
        with store.read() as c:
            assert c.execute(text("show jit")).scalar() == "off"


def fill_log(store: Store, megabytes: int) -> None:
    """Write so much in transactions of half a megabyte."""
    for number in range(2 * megabytes):
        with store.write() as c:
            value = "x" * 500_000
            c.execute(text("delete from facts where name = 'much'"))
            c.execute(text("insert into facts values ('much', :v)"), {"v": f"{number}{value}"})


def log_bytes(folder: Path) -> int:
    path = folder / "store.sqlite-wal"
    return path.stat().st_size if path.exists() else 0


def test_the_log_stays_short_with_permanent_readers(tmp_path: Path) -> None:
    """There is always somebody who reads, and each reads for long: the log begins anew although."""
    opened = Store(tmp_path)
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            with opened.read() as c:
                c.execute(text("select count(*) from facts")).scalar()
                done.wait(0.3)

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
        time.sleep(0.1)
    longest = 0
    for _ in range(50):
        fill_log(opened, 2)
        longest = max(longest, log_bytes(tmp_path))
    done.set()
    for reader in readers:
        reader.join()
    opened.close()
    assert longest < 64 * 2**20
    assert log_bytes(tmp_path) == 0


def test_a_long_reader_keeps_the_log_for_a_limited_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a backup, or a shell: what it keeps is given back when it has gone."""
    monkeypatch.setattr(database_connection, "PATIENT_SECONDS", 0.1)
    opened = Store(tmp_path)
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
        other.execute("begin")
        other.execute("select count(*) from facts").fetchone()
        fill_log(opened, 20)
        assert log_bytes(tmp_path) > 15 * 2**20
    fill_log(opened, 8)
    assert log_bytes(tmp_path) < 8 * 2**20
    opened.close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each checkpoint may wait for readers; a log of 4 MB counts as long."""
    found: list[float] = []
    empty = database_connection.Database.empty_log

    def noted(self: database_connection.Database, seconds: float) -> bool:
        found.append(seconds)
        return empty(self, seconds)

    monkeypatch.setattr(database_connection.Database, "empty_log", noted)
    monkeypatch.setattr(database_connection, "CHECKPOINT_BYTES", 2**20)
    monkeypatch.setattr(database_connection, "PATIENT_BYTES", 2**22)
    monkeypatch.setattr(database_connection, "PATIENT_GROWTH", 2**22)
    monkeypatch.setattr(database_connection, "PATIENT_SECONDS", 0.1)
    return found


def test_processes_wait_once_for_a_long_reader(tmp_path: Path, patience: list[float]) -> None:
    """Otherwise the waits of several commands add up to more than a writer waits for its turn."""
    Store(tmp_path).close()
    patience.clear()
    with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as other:
        other.execute("begin")
        other.execute("select count(*) from facts").fetchone()
        for megabytes, waits in ((5, 1), (1, 1), (1, 1), (3, 2)):
            with closing(Store(tmp_path)) as command:
                fill_log(command, megabytes)
            assert patience.count(database_connection.PATIENT_SECONDS) == waits
        assert patience.count(database_connection.READER_SECONDS) > 4


@pytest.mark.parametrize(
    "error", [OperationalError("", None, Exception("disk full")), OSError("disk full")], ids=repr
)
def test_a_write_succeeds_with_a_full_log(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """It is committed: others are woken, and the next writes do not try again at once."""

    def fail(self: database_connection.Database, seconds: float) -> bool:
        raise error

    woken: list[bool] = []
    with closing(Store(tmp_path)) as opened:
        monkeypatch.setattr(database_connection.Database, "empty_log", fail)
        monkeypatch.setattr(database_connection, "CHECKPOINT_BYTES", 2**20)
        monkeypatch.setattr(opened.database, "_checkpoint_at", 2**20)
        monkeypatch.setattr(opened.database, "_after_write", lambda: woken.append(True))
        fill_log(opened, 3)
        monkeypatch.undo()
    assert len(woken) == 6
    assert [words.partition(": ")[2] for words in caplog.messages] == ["disk full"] * 2


def test_a_large_transaction_does_not_stay_in_the_log(tmp_path: Path) -> None:
    opened = Store(tmp_path)
    with opened.write() as c:
        rows = [{"name": str(number), "value": "x" * 20_000} for number in range(400)]
        c.execute(text("insert into facts values (:name, :value)"), rows)
    assert log_bytes(tmp_path) < database_connection.CHECKPOINT_BYTES
    assert (tmp_path / "store.sqlite").stat().st_size > 8 * 2**20
    opened.close()


def test_an_exiting_process_empties_the_log_despite_readers(tmp_path: Path) -> None:
    """The dispatcher does not wait for its threads when it is ended."""
    opened = Store(tmp_path)
    fill_log(opened, 1)
    with opened.read() as c:  # connected, and between two reads
        c.execute(text("commit"))
        opened.close()
        assert log_bytes(tmp_path) == 0
        c.execute(text("begin"))


@pytest.mark.parametrize(
    "value",
    [2**63, -(10**40), 1e300, 1.0, 0.1, "é\x00\x7f", "\ud800", [], {"": [None, True]}, "💥"],
    ids=ascii,
)
def test_stored_json_is_unchanged(value: object) -> None:
    """Also what msgspec does not write or read."""
    found = database_connection.json_value(database_connection.json_text({"value": value}))["value"]
    assert found == value and type(found) is type(value)
    assert database_connection.json_value(database_connection.json_text(value).encode()) == value
