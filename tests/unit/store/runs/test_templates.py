"""Run templates: stored once, and gone when nothing refers to them."""

from typing import Any

import msgspec

from nbyard.domain.runs.planning import ResolvedNode, RunOverrides
from nbyard.domain.runs.structs import BytesOf, TaskPlan
from nbyard.domain.runs.templates import RunTemplate, TemplateContent
from nbyard.domain.workflows.structs import Document, Node
from nbyard.store import Connection, Store

from ..rows import Rows

COLUMNS = {"title": "t", "path": "/a", "workflow_id": "", "workflow_version_id": ""}
DATA = BytesOf("sha256:" + "1" * 64, "a.csv")
DOCUMENT = Document(1, nodes={"data": Node("dataset"), "work": Node("executable")})


def content(version: str = "", **changes: Any) -> TemplateContent:
    pinned = TaskPlan("p", "p", "e", "v", [], {"in": DATA}, "process", requirements_digest="lock")
    nodes = {
        "data": ResolvedNode("a.csv", data=msgspec.structs.replace(DATA, digest="sha256:data")),
        "work": ResolvedNode("work", version_id=version, requirements_digest="sha256:packages"),
        "pinned": ResolvedNode("p", pinned=pinned),
    }
    made = TemplateContent(DOCUMENT, nodes, ["data", "work"], RunOverrides("process"))
    return msgspec.structs.replace(made, **changes)


def keep(store: Store, c: Connection, owner: str = "ada", **changes: Any) -> RunTemplate:
    return store.templates.keep(c, owner, content(**changes), COLUMNS)


def test_the_same_content_of_an_owner_is_one_template(store: Store) -> None:
    with store.write() as c:
        first = keep(store, c)
        assert keep(store, c) == first
        others = [
            keep(store, c, "bob"),
            keep(store, c, priority=1),
            keep(store, c, values={"n": 1}),
        ]
        assert len({first.id, *(other.id for other in others)}) == 4
        assert store.templates.get(c, "ada", first.id) == first
        assert store.templates.get(c, "bob", first.id) is None
        assert store.templates.get(c, "ada", "none") is None


def test_values_of_python_survive_storage(store: Store) -> None:
    values = {"huge": 10**30, "half": "\udc80", "text": "é\u0000"}
    with store.write() as c:
        made = keep(store, c, values=values)
        assert keep(store, c, values=values).id == made.id
        found = store.templates.get(c, "ada", made.id)
    assert found is not None and found.content.values == values


def test_a_template_keeps_its_bytes_while_a_run_refers_to_it(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        version = rows.executable("tool").current.id
        template = keep(store, c, version=version)
        unused = keep(store, c, priority=1)
        assert list(store.templates.digests(c)) == []
        run = rows.run(template_id=template.id)
        digests = {*store.templates.digests(c)}
        assert digests == {"sha256:data", "sha256:packages", "lock", DATA.digest}
        assert store.digests(c) >= digests
        store.templates.delete_unused(c)
        assert store.templates.get(c, "ada", unused.id) is None
        assert store.templates.get(c, "ada", template.id) is not None
        store.runs.delete(c, run)
        assert list(store.templates.digests(c)) == []
        store.templates.delete_unused(c)
        assert store.templates.get(c, "ada", template.id) is None


def test_the_code_of_deleted_executables_is_kept(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        tool = rows.executable("tool")
        made = rows.executable_version(tool.id, "second", bundle_digest="tree:b")
        rows.run(template_id=keep(store, c, version=made.id).id)
        store.executables.delete(c, tool)
        assert "tree:b" not in {*store.executables.digests(c)}
        assert "tree:b" in store.digests(c)


def test_the_folder_of_a_run_is_known_after_its_file_was_deleted(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        columns = {**COLUMNS, "path": "/store/projects/p/1/a.nbflow"}
        template = store.templates.keep(c, "ada", content(), columns)
        assert not store.templates.has_run_in(c, "w", "projects/p")
        rows.run(template_id=template.id, workflow_id="w", path="")
        assert store.templates.has_run_in(c, "w", "projects/p")
        assert not store.templates.has_run_in(c, "w", "projects/p/1/a")
        assert not store.templates.has_run_in(c, "other", "projects/p")
