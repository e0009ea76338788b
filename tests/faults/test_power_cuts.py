"""After a power cut, the store has everything that was acknowledged, in a consistent state."""

import json
import os
import random
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from tests.support.fake_runtime_bench import Bench

from nbyard.settings import Settings
from nbyard.store import Store
from nbyard.store.database import database_connection
from nbyard.yard import Yard

from .checker import Checker, histories
from .flows import GRAPHS
from .place import Place

IS_LONG = os.environ.get("NBYARD_TEST_PROFILE") == "long"
CUTS = 500 if IS_LONG else 40


def recording(connection: sqlite3.Connection, recorded: list[list[str]]) -> None:
    """Record the statements of every transaction that this connection commits."""
    begun: list[str] = []

    def trace(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            begun[:] = [statement]
        elif "wal_checkpoint" in statement:
            recorded.append([statement])
        elif begun:
            begun.append(statement)
            if statement == "COMMIT":
                recorded.append(list(begun))
            if statement in ("COMMIT", "ROLLBACK"):
                begun.clear()

    connection.set_trace_callback(trace)


@pytest.fixture
def transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return what real runs write, from the first statement of the schema on, with checkpoints."""
    pytest.importorskip("apsw")
    recorded: list[list[str]] = []
    prepare = database_connection.prepare_connection

    def watched(connection: Any, record: Any, **more: bool) -> None:
        prepare(connection, record, **more)
        recording(connection, recorded)

    monkeypatch.setattr(database_connection, "CHECKPOINT_EVERY", 7)
    monkeypatch.setattr(database_connection, "prepare_connection", watched)
    settings = Settings(store_dir=str(tmp_path / "recorded"), inline_dispatch=True)
    with Yard.open(settings, tmp_path, tmp_path) as opened:
        with opened.store.read() as c:
            assert c.execute(text("pragma synchronous")).scalar() == 2, "FULL is what is replayed"
        bench = Bench(opened, tmp_path)
        work(bench)
        bench.close()
    monkeypatch.undo()
    return recorded


def work(bench: Bench) -> None:
    """Execute a few runs to their ends."""
    runs = [bench.submit(graph) for graph in GRAPHS.values()]
    while any(bench.run(run).state not in ("succeeded", "failed", "cancelled") for run in runs):
        bench.round()
        for attempt in bench.runtime.running:
            bench.runtime.end(attempt)


def broken(image: dict[str, bytes], folder: Path, acknowledged: int) -> str:
    """Return the damage of a store after a cut; empty if it is as promised."""
    from .powercut import write_image

    write_image(image, folder)
    if not acknowledged:
        return ""
    try:
        opened = sqlite3.connect(folder / "store.sqlite")
        with opened as connection:
            if connection.execute("pragma integrity_check").fetchone() != ("ok",):
                return "corrupt"
            if connection.execute("pragma foreign_key_check").fetchall():
                return "rows without those they belong to"
            newest = connection.execute("select max(id) from events").fetchone()[0] or 0
        opened.close()
    except sqlite3.DatabaseError as error:
        return f"corrupt: {error}"
    if newest < acknowledged:
        return f"lost: event {acknowledged} was acknowledged, {newest} is the newest"
    return "; ".join(histories(Checker(folder).rows()))


def troubles(
    transactions: list[list[str]], synchronous: str, chance: random.Random, place: Path
) -> Iterator[str]:
    from .powercut import replay

    whole = replay(transactions, synchronous, chance, set())
    cuts = set(chance.sample(range(whole.operations), min(CUTS, whole.operations)))
    disk = replay(transactions, synchronous, chance, cuts)
    assert len(disk.images) == len(cuts)
    for number, (acknowledged, image) in enumerate(disk.images):
        folder = place / f"{synchronous}-{number}"
        if found := broken(image, folder, acknowledged):
            yield found
        elif number % 20 == 0:
            Store(folder).close()


@pytest.mark.timeout(900)
def test_power_cut_loses_nothing_acknowledged(
    transactions: list[list[str]], seed: random.Random, tmp_path: Path
) -> None:
    """The simulator also shows that synchronous=OFF would lose data."""
    assert list(troubles(transactions, "FULL", seed, tmp_path)) == []
    assert any("lost" in words for words in troubles(transactions, "NORMAL", seed, tmp_path))
    assert any("corrupt" in words for words in troubles(transactions, "OFF", seed, tmp_path))


class Recorder:
    """The order in which files are synced and renamed, and rows are committed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Store):
        self.steps: list[tuple[str, Any]] = []
        self._lock = threading.Lock()
        fsync = os.fsync

        def synced(descriptor: int) -> None:
            fsync(descriptor)
            self._note("sync", os.fstat(descriptor).st_ino)

        def noted(appear: Callable[..., None]) -> Callable[..., None]:
            def appeared(source: Any, target: Any, **more: Any) -> None:
                appear(source, target, **more)
                self._note("visible", (str(target), os.stat(target).st_ino))

            return appeared

        monkeypatch.setattr(os, "fsync", synced)
        for name in ("replace", "link"):
            monkeypatch.setattr(os, name, noted(getattr(os, name)))
        event.listen(store.database.engine, "commit", self._commit)

    def _commit(self, connection: Any) -> None:
        found = set(connection.execute(text("select digest from artifacts")).scalars())
        self._note("commit", found)

    def _note(self, what: str, of: Any) -> None:
        with self._lock:
            self.steps.append((what, of))


def test_files_are_durable_before_their_rows(
    yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync of the file, rename, fsync of its folder, commit, in this order."""
    bench = Bench(yard, tmp_path / "root")
    recorder = Recorder(monkeypatch, yard.store)
    work(bench)
    monkeypatch.undo()
    bench.close()
    with yard.store.read() as c:
        digests = set(c.execute(text("select digest from artifacts")).scalars())
    assert len(digests) >= 3
    for digest in digests:
        path = yard.context.blobs.path(digest)
        place, folder = path.stat().st_ino, path.parent.stat().st_ino
        steps = recorder.steps
        named = next(n for n, (what, of) in enumerate(steps) if what == "commit" and digest in of)
        before = steps[:named]
        visible = before.index(("visible", (str(path), place)))
        assert ("sync", place) in before[:visible]
        assert ("sync", folder) in before[visible:]
        assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_attempt_that_ended_before_a_power_cut_is_lost(place: Place) -> None:
    """Outputs are synced when they are collected, so earlier files may be torn."""
    run = place.submit(place.flow({"a": []}))
    place.dispatcher_dies("finished")
    (identity,) = place.store.glob("attempts/*/runner.json")
    told = json.loads(identity.read_text())
    identity.write_text(json.dumps({**told, "boot_id": "of another day"}))
    place.finish()
    assert place.states() == {run: "succeeded"}
    place.check()
    attempts = sorted(place.checker.rows().attempts, key=lambda row: row["number"])
    assert [row["state"] for row in attempts] == ["lost", "succeeded"]
    assert "machine-restarted" in attempts[0]["reason"]
