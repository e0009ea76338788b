"""Workflows by their files, and the versions that runs froze."""

import base64
import random
from datetime import timedelta
from importlib import import_module
from typing import Any

import msgspec
import pytest

from nbyard.domain.projects.members import NewMember
from nbyard.domain.workflows.structs import Document, PushedFiles
from nbyard.host.project_files import MAX_PATH_BYTES
from nbyard.store import Store

from .rows import Rows

module = import_module("nbyard.store.workflows")


def document(title: str = "Flow", document_id: str = "d", **nodes: Any) -> Document:
    meta = {"id": document_id, "title": title}
    return msgspec.convert({"version": 1, "meta": meta, "nodes": nodes}, Document)


def uses(dataset: str) -> dict[str, str]:
    return {"type": "dataset", "dataset": dataset}


def test_the_longest_path_fits_into_the_indexes(store: Store) -> None:
    """PostgreSQL refuses a row of an index with more than 2,704 bytes, compressed."""
    noise = base64.urlsafe_b64encode(random.Random(1).randbytes(MAX_PATH_BYTES)).decode()
    path, owner = f"/{noise}"[:MAX_PATH_BYTES], noise[-200:]
    with store.write() as c:
        made = store.workflows.create_or_update(c, owner, path, document())
        rows = Rows(store, c)
        run = rows.run(owner=owner, path=path, workflow_id=made.id)
        rows.executable("tool", owner, path)
        assert (made.path, run.path) == (path, path)


def test_a_file_is_one_workflow_for_each_owner(store: Store) -> None:
    with store.write() as c:
        rows = store.workflows
        made = rows.create_or_update(c, "ada", "/w/a.nbflow", document())
        assert rows.create_or_update(c, "ada", "/w/a.nbflow", document()) == made
        bobs = rows.create_or_update(c, "bob", "/w/a.nbflow", document())
        copy = rows.create_or_update(c, "ada", "/w/copy.nbflow", document(document_id="d2"))
        assert len({made.id, bobs.id, copy.id}) == 3
        assert rows.by_path(c, "ada", "/w/a.nbflow") == made
        assert rows.by_path(c, "bob", "/w/copy.nbflow") is None
        assert rows.page(c, "bob", 10, "", "") == [bobs]
        assert rows.page(c, "eve", 10, "", "a.nb") == []


def test_only_a_changed_title_or_first_id_is_an_event(store: Store) -> None:
    with store.write() as c:
        made = store.workflows.create_or_update(c, "ada", "/w/a.nbflow", document(document_id=""))
        store.workflows.create_or_update(
            c, "ada", "/w/a.nbflow", document(document_id="", data=uses("x"))
        )
        again = store.workflows.create_or_update(c, "ada", "/w/a.nbflow", document("New", "d2"))
        assert (
            store.workflows.create_or_update(c, "ada", "/w/a.nbflow", document("New", "")) == again
        )
        told = [e.data["change"] for e in store.events.events_after(c, "ada", 0, 10)]
    assert (again.id, again.title, again.document_id) == (made.id, "New", "d2")
    assert again.updated_at > made.updated_at
    assert told == ["created", "changed"]


def test_a_moved_file_is_the_same_workflow(store: Store) -> None:
    """The ID of the document decides, and runs show the new path."""
    with store.write() as c:
        rows = store.workflows
        made = rows.create_or_update(c, "ada", "/w/a.nbflow", document())
        run = Rows(store, c).run(workflow_id=made.id, path="/w/a.nbflow")
        moved = rows.create_or_update(c, "ada", "/w/b.nbflow", document(), lambda *_: False)
        assert (moved.id, moved.path) == (made.id, "/w/b.nbflow")
        found = store.runs.by_id(c, run.id)
        assert found is not None and found.path == "/w/b.nbflow"
        told = [
            e.data["change"] for e in store.events.events_after(c, "ada", 0, 10) if e.topic != "run"
        ]
    assert told == ["created", "moved"]


def test_copies_with_one_id_are_workflows_of_their_own(store: Store) -> None:
    """This holds after the first one is deleted, and when a copy gets its own ID."""
    with store.write() as c:
        rows = store.workflows
        first = rows.create_or_update(c, "ada", "/w/a.nbflow", document())
        copy = rows.create_or_update(c, "ada", "/w/copy.nbflow", document())
        assert copy.id != first.id
        gone = rows.find(c, "ada", "/w/copy.nbflow", "d", lambda path, _: path != first.path)
        assert gone == copy
        own = rows.create_or_update(c, "ada", "/w/copy.nbflow", document(document_id="d2"))
        assert (own.id, own.document_id) == (copy.id, "d2")
        assert rows.of_document(c, "ada", "d") == [first]


def test_a_file_that_is_replaced_is_another_workflow(store: Store) -> None:
    """The earlier workflow has no path until its file is seen again."""
    with store.write() as c:
        rows = store.workflows
        old = rows.create_or_update(c, "ada", "/w/a.nbflow", document())
        run = Rows(store, c).run(workflow_id=old.id, path="/w/a.nbflow")
        new = rows.create_or_update(c, "ada", "/w/a.nbflow", document(document_id="d2"))
        assert new.id != old.id
        assert rows.page(c, "ada", 10, "", "") == [new]
        assert rows.placed(c, "ada") == [new]
        found = store.runs.by_id(c, run.id)
        assert found is not None and found.path == ""
        back = rows.create_or_update(
            c, "ada", "/w/b.nbflow", document(), lambda path, _: path == new.path
        )
        assert (back.id, back.path) == (old.id, "/w/b.nbflow")


def test_a_version_is_frozen_once_until_the_document_changes(store: Store) -> None:
    with store.write() as c:
        one = store.workflows.create_or_update(c, "ada", "/w/a.nbflow", document())
        other = store.workflows.create_or_update(c, "ada", "/w/b.nbflow", document())
        freeze = store.workflows.version_of
        first = freeze(c, one, document())
        assert freeze(c, one, document()) == first
        second = freeze(c, one, document(data=uses("x")))
        back = freeze(c, one, document())
        assert len({first, second, back, freeze(c, other, document())}) == 4


def test_equal_documents_of_two_owners_have_two_histories(store: Store) -> None:
    """A document and its ID come from an owner who shares them, or from a folder of both."""
    rows = store.workflows
    with store.write() as c:
        made = rows.create_or_update(c, "ada", "/ada/a.nbflow", document())
        for title in ("Flow", "Flower"):
            rows.version_of(c, made, document(title, data=uses(title)))
        assert rows.get(c, "bob", made.id) is None
        store.grants.grant(c, "workflow", made.id, NewMember("bob"))
        assert rows.get(c, "bob", made.id) == msgspec.structs.replace(made, role="viewer")
        assert rows.find(c, "bob", "/bob/a.nbflow", "d", lambda *_: False) is None
        assert rows.find(c, "bob", "/ada/a.nbflow", "d", lambda *_: False) is None
        copy = rows.create_or_update(c, "bob", "/bob/a.nbflow", document(), listed=False)
        assert rows.document(c, copy, 0) is None
        newest = rows.document(c, made, 0)
        assert newest is not None and newest == rows.document(c, made, 2)
        rows.version_of(c, copy, newest, "bob")
        assert [len(rows.versions(c, each, "bob", 9, "")) for each in (made, copy)] == [2, 1]
        assert rows.get(c, "ada", copy.id) is None


def test_saves_of_some_minutes_are_one_version_and_old_ones_go(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_SAVES", 3)

    def seen() -> list[tuple[int, str, str]]:
        rows = store.workflows.versions(c, flow, "ada", 9, "")
        documents = [store.workflows.document(c, flow, row.number) for row in rows]
        return [
            (row.number, row.person, one.meta.title)
            for row, one in zip(rows, documents, strict=True)
            if one is not None
        ]

    def save(title: str, person: str = "ada") -> None:
        store.workflows.save(c, flow, document(title), person)

    with store.write() as c:
        flow = store.workflows.create_or_update(c, "ada", "/w/a.nbflow", document())
        for title in "AAB":
            save(title)
        assert seen() == [(1, "ada", "B")]
        save("C", "bob")
        save("D", "bob")
        save("B", "bob")  # as the version before
        assert seen() == [(1, "ada", "B")]
        kept = store.workflows.version_of(c, flow, document("B"))
        save("C")
        store.workflows.version_of(c, flow, document("D"))
        save("D", "bob")
        assert seen() == [(3, "bob", "D"), (2, "ada", "C"), (1, "ada", "B")]
        monkeypatch.setattr(module, "SAVING", timedelta(0))
        for title in "EFGH":
            save(title)
        assert [number for number, *_ in seen()] == [7, 6, 5, 3, 1]
        assert store.workflows.versions(c, flow, "ada", 9, "")[-1].id == kept


def test_pages_come_newest_first_and_search_is_literal(store: Store) -> None:
    paths = ["/w/50%.nbflow", "/w/500.nbflow", "/w/a_b.nbflow", "/w/AxB.nbflow", "/w/Öl.nbflow"]
    with store.write() as c:
        for path in paths:
            store.workflows.create_or_update(c, "ada", path, document())
    with store.read() as c:
        page = store.workflows.page
        first = page(c, "ada", 2, "", "")
        rest = page(c, "ada", 10, first[-1].id, "")
        assert [w.path for w in first + rest] == paths[::-1]
        found = {text: [w.path for w in page(c, "ada", 9, "", text)] for text in ("0%", "_", "ö")}
        assert found == {"0%": [paths[0]], "_": [paths[2]], "ö": [paths[4]]}
        assert [w.path for w in page(c, "ada", 9, "", "axb")] == [paths[3]]


def test_present_users_of_a_dataset_are_found(store: Store) -> None:
    with store.write() as c:
        rows = store.workflows
        data, bobs = Rows(store, c).dataset("sales"), Rows(store, c).dataset("sales", "bob")
        documents = {
            "b-by-id": [document(x=uses("other"), y=uses(data.id))],
            "a-by-name": [document(x=uses("sales"))],
            "not-any-more": [document(x=uses(data.id)), document()],
            "none": [],
            "another": [document(x=uses("sale"))],
        }
        for path, versions in documents.items():
            workflow = rows.create_or_update(c, "ada", path, document())
            for version in versions:
                rows.version_of(c, workflow, version)
        assert rows.paths_with_dataset(c, data) == ["a-by-name", "b-by-id"]
        assert rows.paths_with_dataset(c, bobs) == []


def test_a_store_that_moved_keeps_when_workflows_changed(store: Store) -> None:
    """A restored backup shows the times of its workflows, not that of the restore."""
    with store.write() as c:
        rows = store.workflows
        old = rows.create_or_update(c, "ada", "/old/projects/p/1/a.nbflow", document())
        run = Rows(store, c).run(workflow_id=old.id, path=old.path)
        rows.move_store(c, "projects/p/", "/new")
        (moved,) = rows.page(c, "ada", 10, "", "")
        assert (moved.path, moved.updated_at) == ("/new/projects/p/1/a.nbflow", old.updated_at)
        found = store.runs.by_id(c, run.id)
        assert found is not None and found.path == moved.path


def test_a_project_lists_the_source_of_what_it_pushed(store: Store) -> None:
    with store.write() as c:
        rows = store.workflows
        places = ("/s/p/1/a.nbflow", "/s/p/1/b.nbflow", "/w/a.nbflow", "/w/b.nbflow")
        copy, other, source, _ = (
            rows.create_or_update(c, "ada", place, document()) for place in places
        )
        assert rows.ending(c, "ada", "/s", "") == [copy, other]
        assert rows.ending(c, "ada", "/s", "/b.nbflow") == [other]
        pushed = PushedFiles("/s", "p", {copy.id}, {source.id})
        assert rows.page(c, "ada", 10, "", "", pushed) == [source, other]
        run = Rows(store, c).run(workflow_id=other.id, path=other.path)
        assert run.workflow_id == other.id
        assert rows.with_runs(c, [copy.id, other.id]) == {other.id}
