"""Writes are immediate, one at a time, and never answer with "database is locked"."""

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbyard.domain.ids import new_id
from nbyard.errors import Busy
from nbyard.store import Store, database


def add_dataset(store: Store, name: str) -> None:
    now = datetime.now(UTC)
    row = {
        "id": new_id(),
        "name": name,
        "description": "",
        "owner": "ada",
        "revision": 1,
        "created_at": now,
        "updated_at": now,
    }
    with store.write() as c:
        store.datasets.insert(c, row)


def test_fifty_writers_all_get_through(store: Store) -> None:
    """I14."""
    threads = [threading.Thread(target=add_dataset, args=(store, f"d{n}")) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as c:
        assert store.events.last(c) == 50


def test_a_foreign_writer_makes_us_busy_not_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F12."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    opened = Store(tmp_path)
    foreign = sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)
    foreign.execute("begin immediate")
    with pytest.raises(Busy):
        add_dataset(opened, "late")
    foreign.execute("rollback")
    foreign.close()
    add_dataset(opened, "in time")
    opened.close()


def test_state_changes_are_flushed_to_the_disk(tmp_path: Path) -> None:
    """I1: a commit that was answered survives a power cut (synchronous = FULL)."""
    opened = Store(tmp_path)
    with opened.read() as c:
        assert c.exec_driver_sql("pragma synchronous").scalar() == 2
        assert c.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert c.exec_driver_sql("pragma wal_autocheckpoint").scalar() == 0
    opened.close()
