"""What tasks made, and the cache that points at it."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.attempts.outside_files import FileState, OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.runs.structs import ArtifactType
from nbyard.store import Store
from nbyard.store.runs.artifacts_and_cache import Hit

from ..rows import Rows


def test_an_artifact_belongs_to_the_owner_of_its_run(store: Store) -> None:
    with store.write() as c:
        task = Rows(store, c).task(Rows(store, c).run(), "clean")
        made = Rows(store, c).artifact(task)
    with store.read() as c:
        assert store.artifacts.get(c, "ada", made.id) == made
        assert store.artifacts.get(c, "bob", made.id) is None
        assert store.artifacts.get(c, "ada", "none") is None
    assert (made.node, made.run_id, made.size_bytes) == ("clean", task.run_id, 2**40)
    assert made.output_class == "data"


@pytest.mark.parametrize(
    ("file_format", "declared", "expected"),
    [
        ("pickle", "", "model"),
        ("pickle", "data", "data"),
        ("json", "model", "model"),
        ("json", "metrics", "metrics"),
        ("csv", "", "data"),
    ],
)
def test_the_declared_class_of_an_artifact_wins(
    store: Store, file_format: str, declared: Any, expected: str
) -> None:
    """Results and the list of models agree."""
    with store.write() as c:
        task = Rows(store, c).task(Rows(store, c).run(), "train", state="succeeded")
        row = {"name": "out", "filename": "m", "format": file_format, "digest": "sha256:1"}
        own = ArtifactType(output_class=declared) if declared else None
        row["type"] = msgspec.json.encode(own).decode() if own else None  # type: ignore[assignment]
        store.artifacts.insert_all(c, [(task, [{**row, "size_bytes": 1}])])
        assert store.artifacts.of_task(c, task.id)["out"].output_class == expected
        listed = store.artifacts.models_of_runs(c, "ada", store.results.newest_runs(c, "ada"))
    assert bool(listed) == (expected == "model")


def test_results_of_another_task_are_shared(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        first, second = (rows.task(rows.run(), "a", state="running") for _ in range(2))
        report, table = rows.artifact(first, "report"), rows.artifact(first, "table", "sha256:2")
        taken = store.artifacts.of_tasks(c, [first.id, second.id])
        assert taken[second.id] == []
        store.artifacts.insert_all(c, [(second, taken[first.id]), (first, [])])
        linked = store.artifacts.of_task(c, second.id)
        assert [a.id for a in store.artifacts.of_run(c, first.run_id)] == [report.id, table.id]
    assert {n: (a.digest, a.filename, a.run_id) for n, a in linked.items()} == {
        "report": (report.digest, "report.csv", second.run_id),
        "table": (table.digest, "table.csv", second.run_id),
    }
    assert not {report.id, table.id} & {a.id for a in linked.values()}
    with store.write() as c:  # the copy outlives the run that it came from
        run = store.runs.by_id(c, first.run_id)
        assert run is not None
        store.runs.delete(c, run)
        assert store.artifacts.of_task(c, second.id) == linked


def test_the_cache_knows_the_newest_result_of_each_owner(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        runs = [rows.run(), rows.run(), rows.run(owner="bob")]
        old, new, bobs = (rows.task(run, state="succeeded") for run in runs)
        store.cache.keep_all(c, [("ada", "k", old.id), ("ada", "other", old.id)])
        store.cache.keep_all(c, [("bob", "k", bobs.id), ("ada", "k", old.id), ("ada", "k", new.id)])
        store.cache.keep_all(c, [])
    with store.read() as c:
        found = store.cache.find(c, [("ada", "k"), ("bob", "k"), ("bob", "other")])
        assert found == {
            ("ada", "k"): Hit(new.id, runs[1].number, found["ada", "k"].made_at, ""),
            ("bob", "k"): Hit(bobs.id, runs[2].number, found["bob", "k"].made_at, ""),
        }
        assert store.cache.find(c, []) == {}


def test_a_shared_result_is_found_in_another_run(store: Store) -> None:
    """Nothing is computed again because one of several records was deleted."""
    with store.write() as c:
        rows = Rows(store, c)
        runs = [rows.run() for _ in range(3)]
        same = {"state": "succeeded", "cache_key": "k"}
        _, linked, newest = (rows.task(run, **same) for run in runs)
        rows.task(rows.run(owner="bob"), **same)
        rows.task(rows.run(), state="failed", cache_key="k")
        store.cache.keep_all(c, [("ada", "k", newest.id)])
        for run, left in ((runs[2], linked), (runs[0], linked), (runs[1], None)):
            store.cache.repoint_entries(c, run)
            store.runs.delete(c, run)
            found = store.cache.find(c, [("ada", "k")])
            assert [hit.task_id for hit in found.values()] == ([left.id] if left else [])


def test_similar_results_are_found_by_their_shared_key(store: Store) -> None:
    """The owner is the same, the reads are known, and the newest comes first."""
    read = {"read": ["a.csv"]}
    with store.write() as c:
        rows = Rows(store, c)
        same: dict[str, Any] = {"state": "succeeded", "base_key": "b", "observed": read}
        for key in ("k1", "k2"):
            task = rows.task(rows.run(), parts={"files": {"a.csv": key}}, cache_key=key, **same)
            store.cache.keep_all(c, [("ada", key, task.id)])
        unread: dict[str, Any] = {"state": "succeeded", "base_key": "b", "cache_key": "k3"}
        store.cache.keep_all(c, [("ada", "k3", rows.task(rows.run(), parts={}, **unread).id)])
        found = store.cache.with_other_code_files(c, "ada", "b")
        told = [(one.key, one.files, one.observed) for one in found]
        observed = Observed(["a.csv"])
        assert told == [("k2", {"a.csv": "k2"}, observed), ("k1", {"a.csv": "k1"}, observed)]
        assert (
            store.cache.with_other_code_files(c, "bob", "b")
            == store.cache.with_other_code_files(c, "ada", "other")
            == []
        )


def test_a_result_lists_expected_outside_files(store: Store) -> None:
    """Both its own key and its shared key find it."""
    state = OutsideFile(FileState("file", 1, 2, 3, 4), is_read=True, digest="d")
    observed = msgspec.to_builtins(Observed(outside={"/data/ä.csv": state}))
    with store.write() as c:
        rows = Rows(store, c)
        same: dict[str, Any] = {"state": "succeeded", "base_key": "b", "cache_key": "k"}
        task = rows.task(rows.run(), parts={"files": {}}, observed=observed, **same)
        store.cache.keep_all(c, [("ada", "k", task.id)])
        for hit in (
            store.cache.find(c, [("ada", "k")])["ada", "k"],
            store.cache.with_other_code_files(c, "ada", "b")[0],
        ):
            assert hit.outside_files() == {"/data/ä.csv": state}
        plain = rows.task(
            rows.run(), observed=msgspec.to_builtins(Observed()), parts={"files": {}}, **same
        )
        store.cache.keep_all(c, [("ada", "k", plain.id)])
        for hit in (
            store.cache.find(c, [("ada", "k")])["ada", "k"],
            store.cache.with_other_code_files(c, "ada", "b")[0],
        ):
            assert (hit.outside, hit.outside_files()) == ("", {})


def test_results_of_deleted_runs_are_not_found(store: Store) -> None:
    with store.write() as c:
        run = Rows(store, c).run()
        task = Rows(store, c).task(run, state="succeeded")
        store.cache.keep_all(c, [("ada", "k", task.id)])
        store.runs.delete(c, run)
        assert store.cache.find(c, [("ada", "k")]) == {}
