"""Rows of automations on events and of the files that they watch."""

import pytest
from sqlalchemy import insert, update

from nbyard.errors import StaleWrite
from nbyard.store.schema.tables import dataset_versions, run_templates, runs

from ..rows import Rows
from .conftest import NOW


def test_enabled_automations_are_found_by_kind(store, stored):
    stored.add("a")
    stored.add("b", "dataset")
    stored.add("c", "dataset", is_enabled=False)
    with store.read() as c:
        assert store.automations.enabled_kinds(c) == {"notebook", "dataset"}
        assert store.automations.revisions(c, "dataset") == {"b": 1}
        assert store.has_work(c) and not store.is_busy(c)
        assert [row.automation.id for row in store.automations.all_of(c, "ann")] == ["a", "b", "c"]
        assert store.automations.all_of(c, "eve") == []


def test_automations_are_found_by_the_source_of_an_event(store, stored):
    stored.add("a", "dataset", source_id="d", since_event=7)
    stored.add("b", "run", source_id="w", source_path="/w", since_event=5)
    stored.add("c", "file", source_path="/w", since_event=1)
    stored.add("d", "run", source_path="/w", is_enabled=False)
    kinds = ("dataset", "run")
    with store.read() as c:
        found = store.automations.of_sources
        assert [row.automation.id for row in found(c, kinds, ["d", "/w"])] == ["a", "b"]
        assert [row.automation.id for row in found(c, kinds, ["w"])] == ["b"]
        assert found(c, kinds, ["other"]) == found(c, kinds, []) == []
        assert store.automations.first_since(c, kinds) == 5
        assert store.automations.first_since(c, ("webhook",)) is None


def test_the_sealed_secret_is_not_shown(store, stored):
    stored.add("a", "webhook", secret="sealed")
    with store.read() as c:
        row = store.automations.by_id(c, "a")
        assert (row.secret, row.automation.secret) == ("sealed", "")


def test_watched_files_are_advanced_once(store, stored):
    stored.add("a", "file")
    with store.write() as c:
        assert store.automations.stored_files(c, "a") is None
        store.automations.store_files(c, "a", {"/in/x": (1, 2)})
        version, files = store.automations.stored_files(c, "a")
        assert files == {"/in/x": (1, 2)}
        store.automations.advance_files(c, "a", version, {})
        with pytest.raises(StaleWrite):
            store.automations.advance_files(c, "a", version, {"/in/y": (1, 1)})
        assert store.automations.stored_files(c, "a") == (version + 1, {})
        store.automations.store_files(c, "a", {})
        assert store.automations.stored_files(c, "a") == (version + 2, {})
        store.automations.delete(c, store.automations.by_id(c, "a").automation)
        assert store.automations.stored_files(c, "a") is None


def test_the_cursor_is_kept(store):
    with store.write() as c:
        assert store.automations.cursor(c) == 0
        store.automations.move_cursor(c, 7)
        assert store.automations.cursor(c) == 7


def test_a_version_knows_the_run_that_published_it(store):
    with store.write() as c:
        rows = Rows(store, c)
        dataset = rows.dataset("sea")
        run = rows.run()
        version = rows.dataset_version(dataset.id)
        assert store.automations.version(c, version).run_id == ""
        assert store.automations.version(c, "none") is None
        assert store.automations.publishers(c, "ada") == set()
    with store.write() as c:
        c.execute(update(dataset_versions).values(run_id=run.id))
        c.execute(update(runs).values(path="/train.py"))
        assert store.automations.version(c, version).run_id == run.id
        assert store.automations.publishers(c, "ada") == {("/train.py", dataset.id, "sea")}
        assert store.automations.publishers(c, "bob") == set()


def test_a_pinned_template_and_its_bytes_stay(store, stored):
    with store.write() as c:
        texts = ("title", "path", "workflow_id", "workflow_version_id")
        row: dict[str, object] = dict.fromkeys(texts, "")
        row |= {"id": "t", "owner": "ann", "digest": "x", "content": {}, "digests": ["sha256:1"]}
        c.execute(insert(run_templates), [row | {"created_at": NOW}])
    stored.add("a", template_id="t")
    with store.write() as c:
        store.templates.delete_unused(c)
        assert set(store.templates.digests_of_plans(c)) == {"sha256:1"}
        assert "sha256:1" in store.digests(c)
