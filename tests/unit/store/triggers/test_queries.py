"""Rows of triggers and of the files that they watch."""

import pytest
from sqlalchemy import insert, update

from nbyard.errors import StaleWrite
from nbyard.store.schema.tables import dataset_versions, run_templates, runs

from ..rows import Rows
from .conftest import NOW


def test_enabled_triggers_are_found_by_kind(store, stored):
    stored.add("a")
    stored.add("b", "dataset")
    stored.add("c", "dataset", is_enabled=False)
    with store.read() as c:
        assert store.triggers.enabled_kinds(c) == {"notebook", "dataset"}
        assert store.triggers.revisions(c, "dataset") == {"b": 1}
        assert store.has_work(c) and not store.is_busy(c)
        assert [row.trigger.id for row in store.triggers.all_of(c, "ann")] == ["a", "b", "c"]
        assert store.triggers.all_of(c, "eve") == []


def test_triggers_are_found_by_the_source_of_an_event(store, stored):
    stored.add("a", "dataset", source_id="d", since_event=7)
    stored.add("b", "workflow", source_id="w", source_path="/w", since_event=5)
    stored.add("c", "file", source_path="/w", since_event=1)
    stored.add("d", "workflow", source_path="/w", is_enabled=False)
    kinds = ("dataset", "workflow")
    with store.read() as c:
        found = store.triggers.of_sources
        assert [row.trigger.id for row in found(c, kinds, ["d", "/w"])] == ["a", "b"]
        assert [row.trigger.id for row in found(c, kinds, ["w"])] == ["b"]
        assert found(c, kinds, ["other"]) == found(c, kinds, []) == []
        assert store.triggers.first_since(c, kinds) == 5
        assert store.triggers.first_since(c, ("webhook",)) is None


def test_a_change_needs_the_newest_revision(store, stored):
    made = stored.add("a")
    with store.write() as c:
        store.triggers.change(c, made, "changed", overlap="skip")
        with pytest.raises(StaleWrite):
            store.triggers.change(c, made, "changed", overlap="replace")
        assert store.triggers.get(c, "ann", "a").trigger.overlap == "skip"
        assert store.triggers.get(c, "eve", "a") is None


def test_the_sealed_secret_is_not_shown(store, stored):
    stored.add("a", "webhook", secret="sealed")
    with store.read() as c:
        row = store.triggers.by_id(c, "a")
        assert (row.secret, row.trigger.secret) == ("sealed", "")


def test_watched_files_are_advanced_once(store, stored):
    stored.add("a", "file")
    with store.write() as c:
        assert store.triggers.stored_files(c, "a") is None
        store.triggers.store_files(c, "a", {"/in/x": (1, 2)})
        version, files = store.triggers.stored_files(c, "a")
        assert files == {"/in/x": (1, 2)}
        store.triggers.advance(c, "a", version, {})
        with pytest.raises(StaleWrite):
            store.triggers.advance(c, "a", version, {"/in/y": (1, 1)})
        assert store.triggers.stored_files(c, "a") == (version + 1, {})
        store.triggers.store_files(c, "a", {})
        assert store.triggers.stored_files(c, "a") == (version + 2, {})
        store.triggers.delete(c, store.triggers.by_id(c, "a").trigger)
        assert store.triggers.stored_files(c, "a") is None


def test_the_cursor_is_kept(store):
    with store.write() as c:
        assert store.triggers.cursor(c) == 0
        store.triggers.move_cursor(c, 7)
        assert store.triggers.cursor(c) == 7


def test_a_version_knows_the_run_that_published_it(store):
    with store.write() as c:
        rows = Rows(store, c)
        dataset = rows.dataset("sea")
        run = rows.run()
        version = rows.dataset_version(dataset.id)
        assert store.triggers.version(c, version).run_id == ""
        assert store.triggers.version(c, "none") is None
        assert store.triggers.publishers(c, "ada") == set()
    with store.write() as c:
        c.execute(update(dataset_versions).values(run_id=run.id))
        c.execute(update(runs).values(path="/train.py"))
        assert store.triggers.version(c, version).run_id == run.id
        assert store.triggers.publishers(c, "ada") == {("/train.py", dataset.id, "sea")}
        assert store.triggers.publishers(c, "bob") == set()


def test_a_pinned_template_and_its_bytes_stay(store, stored):
    with store.write() as c:
        row = {
            "id": "t",
            "owner": "ann",
            "digest": "x",
            "title": "",
            "path": "",
            "workflow_id": "",
            "workflow_version_id": "",
            "content": {},
            "digests": ["sha256:1"],
            "created_at": NOW,
        }
        c.execute(insert(run_templates), [row])
    stored.add("a", template_id="t")
    with store.write() as c:
        store.templates.delete_unused(c)
        assert set(store.templates.digests_of_plans(c)) == {"sha256:1"}
        assert "sha256:1" in store.digests(c)
