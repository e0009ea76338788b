"""Bytes that no row names go away, and no others."""

import json
import random
import threading
import time
from datetime import UTC, datetime

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.blobs import Blob, Tree, TreeEntry
from nbyard.dispatch import garbage, threads
from nbyard.dispatch.garbage import GarbageCollector
from nbyard.dispatch.threads import Threads
from nbyard.domain.datasets.structs import Dataset, FileSource, NewDataset, NewUpload, UploadSource
from nbyard.domain.ids import new_id
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Damaged

BLANK = {**dict.fromkeys(("source", "filename", "format"), ""), "reason": None}


@pytest.fixture
def own_threads() -> Threads:
    return Threads()


@pytest.fixture
def collector(bench: Bench, own_threads: Threads) -> GarbageCollector:
    bench.context.settings.garbage_grace_seconds = 0
    return GarbageCollector(bench.context, own_threads)


def a_row(bench: Bench, digest: str) -> str:
    """A dataset whose version names these bytes."""
    now, dataset = datetime.now(UTC), new_id()
    row = {"id": dataset, "name": dataset, "description": "", "owner": OWNER.name, "revision": 1}
    version = {"id": new_id(), "dataset_id": dataset, "number": 1, "origin": "file", **BLANK}
    with bench.store.write() as c:
        bench.store.datasets.insert(c, {**row, "created_at": now, "updated_at": now})
        more = {"digest": digest, "bytes_done": 0, "created_at": now}
        bench.store.datasets.add_version(c, OWNER.name, {**version, **more})
    return dataset


def the(bench: Bench, dataset: str) -> Dataset:
    return bench.yard.services.datasets.get(OWNER, dataset)


def forget(bench: Bench, dataset: str) -> None:
    known = the(bench, dataset)
    with bench.store.write() as c:
        bench.store.datasets.delete(c, known)


def put(bench: Bench, text: str) -> Blob:
    return bench.context.blobs.put_bytes(text.encode())


def there(bench: Bench, *blobs: Blob) -> list[bool]:
    return [bench.context.blobs.exists(blob.digest) for blob in blobs]


def test_only_bytes_that_rows_name_are_kept(bench, collector):
    blobs, bound = bench.context.blobs, put(bench, "of a plan")
    bench.submit(requirements_digest=bound.digest)
    made = bench.submit()
    bench.until(lambda: len(bench.runtime.running) > 1)
    bench.runtime.end(bench.attempt(made))
    bench.until_task(made, "succeeded")
    artifact = bench.task(made).artifacts[0]
    member, lost_member, alone = put(bench, "member"), put(bench, "lost"), put(bench, "alone")
    tree = blobs.put_tree(Tree([TreeEntry("a", member.digest, member.size_bytes)]))
    lost = blobs.put_tree(Tree([TreeEntry("b", lost_member.digest, 1)]))
    a_row(bench, tree.digest)
    assert collector.collect()
    assert there(bench, bound, member, tree) == [True] * 3
    assert there(bench, alone, lost, lost_member) == [False] * 3
    assert blobs.exists(artifact.digest)
    code = bench.yard.services.executables.list(OWNER).items[0].current
    blobs.verify(code.bundle_digest)
    blobs.verify(code.content_digest)


def test_bytes_of_a_deleted_executable_are_deleted(bench, collector):
    known = bench.yard.services.executables.list(OWNER).items[0]
    run = bench.submit()
    bench.yard.services.executables.delete(OWNER, known.id, force=True)
    assert collector.collect()
    assert bench.context.blobs.exists(known.current.bundle_digest), "a run's record points at it"
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    bench.yard.services.runs.delete(OWNER, run)
    assert collector.collect()
    assert not bench.context.blobs.exists(known.current.bundle_digest)


def test_bytes_of_a_template_are_kept_with_its_runs(bench, collector):
    """Those of all nodes count, even if the run includes only some."""
    root, runs = bench.yard.context.files.root, bench.yard.services.runs
    for name in ("data", "code"):
        (root / name).mkdir()
    (root / "data/a.csv").write_text("of the other node")
    (root / "code/work.py").write_text("print(1)")
    nodes = {
        "data": {"type": "dataset", "path": "data/a.csv"},
        "work": {"type": "executable", "path": "code/work.py"},
    }
    (root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes}))
    body = NewRun("flow.nbflow", scope="selected", nodes=["work"])
    made = [runs.create(OWNER, body).id for _ in range(2)]

    data = bench.context.blobs.put_bytes(b"of the other node")
    for run in made:
        assert collector.collect()
        assert there(bench, data) == [True]
        runs.cancel(OWNER, run)
        bench.until_run(run, "cancelled")
        runs.delete(OWNER, run)
    assert collector.collect()
    assert there(bench, data) == [False]
    with bench.store.read() as c:
        assert list(bench.store.templates.digests(c)) == []


def test_young_bytes_are_kept(bench, collector):
    bench.context.settings.garbage_grace_seconds = 3600
    blob = put(bench, "young")
    assert collector.collect()
    assert there(bench, blob) == [True]


def test_bytes_of_a_finished_upload_are_kept(bench, collector):
    """A crash may come between the bytes and the row."""
    uploads = bench.yard.context.uploads
    begun = bench.yard.services.uploads.create(OWNER, NewUpload("a.bin", 1))
    uploads.append(OWNER.name, begun.id, 0, [b"x"])
    blob = uploads.finish(OWNER.name, begun.id)[1]
    assert collector.collect()
    assert there(bench, blob) == [True]
    made = bench.yard.services.datasets.create(OWNER, NewDataset(UploadSource(begun.id)))
    assert collector.collect()
    assert there(bench, blob) == [True]
    forget(bench, made.id)
    assert collector.collect()
    assert there(bench, blob) == [False]


def test_nothing_is_deleted_while_bytes_are_stored(bench, collector):
    blob = put(bench, "again")
    with bench.context.blobs.without_collection():
        assert put(bench, "again") == blob
        assert not collector.collect(), "it has to come again"
        assert there(bench, blob) == [True]
        dataset = a_row(bench, blob.digest)
    assert collector.collect()
    assert there(bench, blob) == [True]
    forget(bench, dataset)
    assert collector.collect()
    assert there(bench, blob) == [False]


def test_writers_and_the_collector_do_not_conflict(bench, collector):
    """The same few bytes are put, named and forgotten by many while they are collected."""
    done, problems = threading.Event(), []

    def write(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(25):
            text = f"text {dice.randrange(3)}"
            with bench.context.blobs.without_collection():
                blob = put(bench, text)
                time.sleep(dice.random() / 500)
                dataset = a_row(bench, blob.digest)
            if not all(there(bench, blob)):
                problems.append(text)
            forget(bench, dataset)

    def collect() -> None:
        while not done.is_set():
            collector.collect()

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    collecting = threading.Thread(target=collect)
    for thread in [collecting, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    collecting.join()
    assert problems == []
    assert collector.collect()
    assert not [one for one in bench.context.blobs.stored() if one.size_bytes == len("text 0")]


def test_a_deletion_starts_a_collection_and_others_follow_hourly(bench, tmp_path):
    """Nothing of a deleted dataset stays, including the description of its table."""
    bench.context.settings.garbage_grace_seconds = 0
    (tmp_path / "root" / "t.csv").write_text("a\n1\n")
    datasets = bench.yard.services.datasets
    made = datasets.create(OWNER, NewDataset(FileSource("t.csv")))
    bench.until(lambda: the(bench, made.id).current.state == "ready")
    digest = the(bench, made.id).current.digest
    datasets.delete(OWNER, made.id)
    bench.replace_dispatcher()
    bench.until(lambda: not bench.context.blobs.exists(digest))
    assert not [*(bench.store.folder / "tables").glob("sha256-*")]
    unused = put(bench, "unused")
    bench.replace_dispatcher()
    bench.round(2)
    assert there(bench, unused) == [True], "not an hour later yet"
    with bench.store.write() as c:
        bench.store.facts.set_collect_at(c, time.time() + 2 * garbage.EVERY_SECONDS)
    bench.until(lambda: there(bench, unused) == [False])


def test_a_damaged_list_of_a_folder_stops_the_collection(bench, collector):
    """The contents of the folder are unknown, so nothing is deleted."""
    member, alone = put(bench, "member"), put(bench, "alone")
    tree = bench.context.blobs.put_tree(Tree([TreeEntry("a", member.digest, 6)]))
    bench.submit(requirements_digest=tree.digest)
    path = bench.context.blobs.path(tree.digest)
    path.chmod(0o600)
    path.write_bytes(b"x" + path.read_bytes())
    with pytest.raises(Damaged):
        collector.collect()
    bench.round(2)
    assert there(bench, member, alone) == [True, True]
    with bench.store.read() as c:
        assert bench.store.facts.collect_at(c) > time.time(), "it is said once an hour"


def test_many_bytes_are_deleted_in_several_rounds(bench, collector, monkeypatch):
    monkeypatch.setattr(garbage, "AT_ONCE", 2)
    blobs = [put(bench, str(number)) for number in range(3)]
    assert not collector.collect()
    assert sum(there(bench, *blobs)) == 1
    assert collector.collect()
    assert sum(there(bench, *blobs)) == 0


def test_bytes_of_a_failure_are_deleted_after_other_writers_end(bench, collector, own_threads):
    unwanted = put(bench, "unwanted")
    collector.discard_soon(unwanted.digest)
    with bench.context.blobs.without_collection():
        for _ in range(2):
            collector.discard_unwanted()
        assert there(bench, unwanted) == [True]
    collector.tick()
    assert own_threads.settle(30) and own_threads.close(30)
    assert there(bench, unwanted) == [False]
    assert collector.unwanted == set()


def test_bytes_that_cannot_be_deleted_are_left_to_regular_collections(
    bench, collector, own_threads, monkeypatch
):
    unwanted, calls = put(bench, "unwanted"), []

    def refuse(digest: str) -> None:
        calls.append(digest)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(threads, "PATIENCE_SECONDS", 0.0)
    collector.discard_soon(unwanted.digest)
    with monkeypatch.context() as patch:
        patch.setattr(bench.context.blobs, "delete", refuse)
        for _ in range(5):
            collector.tick()
            assert own_threads.settle(30)
    assert own_threads.close(30)
    assert collector.unwanted == set()
    assert calls.count(unwanted.digest) >= threads.TRIES
    assert collector.collect() and there(bench, unwanted) == [False]
