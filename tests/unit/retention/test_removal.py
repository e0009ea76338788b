"""Changes of a run between the preview and its deletion."""

import pytest

from nbyard.blobs import Blobs
from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.domain.runs.clean_up import CleanUpRules, choose_runs
from nbyard.domain.state_machines import RUN
from nbyard.retention import removal
from nbyard.retention.removal import finished_runs, preview_of, previews_of, remove_runs
from nbyard.store import Store, transition
from nbyard.store.events import Subject
from nbyard.store.runs import clean_up

from ..store.rows import Rows, moment


def ended(store: Store, count: int) -> list[str]:
    with store.write() as c:
        rows = Rows(store, c)
        runs = [rows.run() for _ in range(count)]
        for run in runs:
            subject = Subject(run.id, run.owner, run.id)
            assert transition.move(c, RUN, subject, "running", started_at=moment(0))
            assert transition.move(c, RUN, subject, "failed", finished_at=moment(9))
    return [run.id for run in runs]


def chosen(store: Store, max_bytes: int | None = None):
    with store.read() as c:
        rules = CleanUpRules(keep=0, max_bytes=max_bytes)
        return choose_runs(finished_runs(store, c, "ada", [rules]), rules, moment(99))[0]


def test_runs_kept_or_named_after_the_preview_are_not_deleted(store: Store) -> None:
    first, second, third = ended(store, 3)
    doomed = chosen(store)
    with store.write() as c:
        kept = store.runs.get(c, "ada", first)
        assert kept is not None
        store.runs.change(c, kept, kept=True)
        gone = store.runs.get(c, "ada", third)
        assert gone is not None
        store.runs.delete(c, gone)
    assert remove_runs(store, "ada", doomed) == 1
    with store.read() as c:
        assert store.runs.get(c, "ada", first) is not None
        assert store.runs.get(c, "ada", second) is None


def test_a_rule_with_a_size_counts_the_outputs(store: Store) -> None:
    [run_id] = ended(store, 1)
    with store.write() as c:
        run = store.runs.get(c, "ada", run_id)
        assert run is not None
        rows = Rows(store, c)
        rows.artifact(rows.succeeded(run), "x", "sha256:" + "1" * 64)  # of 2**40 bytes
    assert chosen(store, max_bytes=2**40) == []
    assert [one.id for one in chosen(store, max_bytes=2**40 - 1)] == [run_id]


def test_many_runs_are_deleted_in_several_transactions(store: Store) -> None:
    ended(store, 2 * removal.RUNS_AT_ONCE + 1)
    assert remove_runs(store, "ada", chosen(store)) == 2 * removal.RUNS_AT_ONCE + 1
    assert chosen(store) == []


def test_bytes_that_were_collected_before_free_nothing(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        task = rows.succeeded(run)
        for name, digest in (("file", "sha256:" + "1" * 64), ("folder", "tree:" + "2" * 64)):
            rows.artifact(task, name, digest)
        subject = Subject(run.id, run.owner, run.id)
        assert transition.move(c, RUN, subject, "running")
        assert transition.move(c, RUN, subject, "succeeded", finished_at=moment(9))
    preview = preview_of(store, Blobs(store.folder / "blobs"), chosen(store), [])
    assert (preview.count, preview.freed_bytes, preview.record_bytes) == (1, 0, 0)


def test_bytes_freed_by_two_choices_are_counted_once(store: Store) -> None:
    """A file of both is freed by the later one, and bytes of other runs by none."""
    blobs = Blobs(store.folder / "blobs")
    sizes = dict.fromkeys(("first", "second", "shared", "other"), 0)
    digests = {}
    for place, name in enumerate(sizes, 1):
        blob = blobs.put_bytes(name.encode() * place)
        sizes[name], digests[name] = len(name) * place, blob.digest
    with store.write() as c:
        rows = Rows(store, c)
        runs = [rows.run() for _ in range(3)]
        named = (("first", "shared", "other"), ("second", "shared"), ("other",))
        for run, names in zip(runs, named, strict=True):
            task = rows.succeeded(run)
            for name in names:
                rows.artifact(task, name, digests[name])
            subject = Subject(run.id, run.owner, run.id)
            assert transition.move(c, RUN, subject, "running")
            assert transition.move(c, RUN, subject, "succeeded", finished_at=moment(9))
    one, two, _ = chosen(store)
    previews = previews_of(store, blobs, [([one], []), ([two], [])])
    assert [preview.freed_bytes for preview in previews] == [
        sizes["first"],
        sizes["second"] + sizes["shared"],
    ]
    both = preview_of(store, blobs, [one, two], [])
    assert both.freed_bytes == sum(preview.freed_bytes or 0 for preview in previews)
    assert previews_of(store, blobs, []) == []


@pytest.mark.parametrize("few_digests", [5000, 0])
def test_files_of_folders_that_other_runs_have_are_not_freed(
    store: Store, monkeypatch: pytest.MonkeyPatch, few_digests: int
) -> None:
    """In another folder or as an output of its own; and an output of its own in a folder."""
    monkeypatch.setattr(clean_up, "FEW_DIGESTS", few_digests)
    blobs = Blobs(store.folder / "blobs")

    def file(size: int) -> str:
        return blobs.put_bytes(b"x" * size).digest

    def folder(*sizes: int) -> str:
        entries = [TreeEntry(f"{size}.txt", file(size), size, False) for size in sizes]
        return blobs.put_tree(Tree(entries)).digest

    with store.write() as c:
        rows = Rows(store, c)
        runs = [rows.run() for _ in range(2)]
        outputs = ((folder(1, 20, 300), file(4000)), (folder(20, 4000), file(300)))
        for run, digests in zip(runs, outputs, strict=True):
            task = rows.succeeded(run)
            for name, digest in zip(("folder", "file"), digests, strict=True):
                rows.artifact(task, name, digest)
            subject = Subject(run.id, run.owner, run.id)
            assert transition.move(c, RUN, subject, "running")
            assert transition.move(c, RUN, subject, "succeeded", finished_at=moment(9))
    first, _ = chosen(store)
    tree_bytes = blobs.path(outputs[0][0]).stat().st_size
    assert preview_of(store, blobs, [first], []).freed_bytes == tree_bytes + 1
