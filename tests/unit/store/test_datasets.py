"""Names over numbered versions; importing, then ready or failed."""

import msgspec

from nbyard.domain.datasets.table_descriptions import Column, TableInfo
from nbyard.domain.runs.structs import bytes_of
from nbyard.domain.state_machines import RUN
from nbyard.reasons.structs import because
from nbyard.store import Store, transition
from nbyard.store.events import Subject
from nbyard.store.schema.tables import tasks

from .rows import Rows

NO_HOST = because("error", error="unavailable", message="no such host")


def changes(store: Store, owner: str = "ada") -> list[tuple[str, dict]]:
    with store.read() as c:
        return [(e.topic, e.data) for e in store.events.events_after(c, owner, 0, 100)]


def test_versions_are_counted_for_each_dataset_and_the_newest_is_current(store: Store) -> None:
    with store.write() as c:
        one, other = Rows(store, c).dataset("one"), Rows(store, c).dataset("other")
        second = Rows(store, c).dataset_version(one.id)
        assert store.datasets.next_number(c, one.id) == 3
        assert store.datasets.next_number(c, other.id) == 2
        assert store.datasets.set_ready(c, "ada", one.current.id, digest="sha256:1", rows=3)
    with store.read() as c:
        known = store.datasets.get(c, "ada", "one")
        ready = store.datasets.newest_ready(c, one.id)
        assert [v.number for v in store.datasets.versions(c, one.id)] == [2, 1]
        assert store.datasets.newest_ready(c, other.id) is None
        assert store.datasets.version(c, "ada", one.id, 2) is not None
        assert store.datasets.version(c, "ada", one.id, 3) is None
        assert store.datasets.version(c, "bob", one.id, 2) is None
    assert known is not None and ready is not None
    assert (known.current.id, known.current.state) == (second, "importing")
    assert (ready.number, ready.digest, ready.rows) == (1, "sha256:1", 3)


def test_an_import_ends_once_with_an_event(store: Store) -> None:
    with store.write() as c:
        good, bad = Rows(store, c).dataset("good"), Rows(store, c).dataset("bad", "bob")
        ids = good.current.id, bad.current.id
        store.datasets.update_progress(c, "ada", ids[0], bytes_done=2**33)
        assert [(o, v.id, v.bytes_done) for o, v in store.datasets.importing(c)] == [
            ("ada", ids[0], 2**33), ("bob", ids[1], 0),
        ]  # fmt: skip
        assert store.datasets.set_ready(c, "ada", ids[0])
        assert store.datasets.set_failed(c, "bob", ids[1], NO_HOST)
        assert not store.datasets.set_failed(c, "ada", ids[0], NO_HOST)
        assert not store.datasets.set_ready(c, "bob", ids[1])
        store.datasets.update_progress(c, "ada", ids[0], bytes_done=7)
        assert store.datasets.importing(c) == []
        failed = store.datasets.version(c, "bob", bad.id, 1)
        ready = store.datasets.version(c, "ada", good.id, 1)
    assert failed is not None and ready is not None
    assert (failed.state, failed.reason) == ("failed", NO_HOST)
    assert (ready.state, ready.bytes_done) == ("ready", 2**33)
    assert ready.finished_at and failed.finished_at
    assert changes(store)[2:] == [
        ("dataset-version", {"bytes_done": 2**33}), ("dataset-version", {"state": "ready"}),
    ]  # fmt: skip
    told = {"state": "failed", "reason": msgspec.to_builtins(NO_HOST)}
    assert changes(store, "bob")[-1][1] == told


def test_the_versions_of_a_deleted_dataset_are_deleted(store: Store) -> None:
    with store.write() as c:
        made, kept = Rows(store, c).dataset("one"), Rows(store, c).dataset("kept")
        store.datasets.delete(c, made)
        assert store.datasets.versions(c, made.id) == []
        assert [v.id for _, v in store.datasets.importing(c)] == [kept.current.id]


def test_types_of_all_rows_are_stored_with_the_version(store: Store) -> None:
    """They are found by the bytes, too, for a run."""
    columns = [Column("a", "date", layout="%d.%m.%Y"), Column("b", "int", nullable=False)]
    info = TableInfo("csv", 3, columns, 2, delimiter=";", encoding="utf-8")
    with store.write() as c:
        made = Rows(store, c).dataset("sales").current
        for _ in range(2):
            store.datasets.keep_table(c, made.id, info)
        store.datasets.set_ready(c, "ada", made.id, digest="sha256:a")
    with store.read() as c:
        assert store.datasets.table(c, made.id) == info
        assert store.datasets.table(c, "other") is None
        assert store.datasets.table_of_bytes(c, "sha256:a", made.filename) == info
        assert store.datasets.table_of_bytes(c, "sha256:a", "other.tsv") is None


def test_unfinished_runs_that_read_a_version_are_known(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        used, other = rows.dataset("used"), rows.dataset("other")
        source = f"dataset:{used.current.id}"
        for state in ("running", "succeeded"):
            run = rows.run(state)
            task = rows.task(run)
            binding = bytes_of(f"sha256:{'1' * 64}", "a.csv", source=source)
            plan = msgspec.structs.replace(task.plan, bindings={"data": binding})
            content = msgspec.to_builtins(plan)
            c.execute(tasks.update().where(tasks.c.id == task.id).values(plan=content))
            for to in ["running", state][: 1 + (state != "running")]:
                assert transition.move(c, RUN, Subject(run.id, "ada"), to)
        found = [store.datasets.live_runs(c, dataset) for dataset in (used, other)]
    assert found == [[1], []]
