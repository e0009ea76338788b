"""Rows of projects: their links, and lists of one project."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from nbyard.domain.ids import new_id
from nbyard.domain.projects.structs import LINK_KINDS, LinkKind, Project
from nbyard.domain.runs.origins import GitState
from nbyard.domain.workflows.structs import PushedFiles
from nbyard.store import Connection, Store
from nbyard.store.projects import LINKABLE
from nbyard.store.runs import queries
from nbyard.store.schema.project_tables import project_links
from nbyard.store.schema.tables import dataset_versions

from .rows import Rows

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def add(store: Store, c: Connection, name: str = "wine", owner: str = "ada") -> Project:
    row: dict[str, Any] = dict.fromkeys(("description", "repository", "requirements"), "")
    row |= {"id": new_id(), "name": name, "owner": owner, "revision": 1}
    row |= {"files": "", "git": None}
    row |= {"metadata": {"team": "cellar"}, "task": {"goal": "Predict"}}
    store.projects.insert(c, row | {"created_at": NOW, "updated_at": NOW})
    found = store.projects.get(c, owner, name)
    assert found is not None
    return found


def test_a_project_is_found_by_its_owner(store):
    with store.write() as c:
        made, other = add(store, c), add(store, c, owner="bob")
        assert made.metadata == {"team": "cellar"} and made.task.goal == "Predict"
        assert store.projects.id_of(c, "ada", "wine") == made.id
        assert store.projects.id_of(c, "ada", other.id) is None


def test_a_push_is_recorded(store):
    with store.write() as c:
        made = add(store, c)
        assert (made.files, made.git, made.pushed_at) == ("", None, None)
        assert store.projects.find(c, "ada", made.id).git is None
        git = GitState("1" * 40, "main", True)
        store.projects.record_push(c, made, "tree:1", git)
        found = store.projects.get(c, "ada", "wine")
        assert (found.files, found.git) == ("tree:1", git) and found.pushed_at
        assert store.projects.find(c, "ada", made.id).git == git
        assert [*store.projects.digests(c)] == ["tree:1"]


def test_the_stored_bytes_are_an_integer(store):
    with store.write() as c:
        rows, made = Rows(store, c), add(store, c)
        assert store.projects.stored_bytes(c, "ada", made.id) == 0
        for number in range(2):
            dataset = rows.dataset(f"red{number}")
            of_dataset = dataset_versions.c.dataset_id == dataset.id
            row = {"size_bytes": 2**40, "digest": f"sha256:{number:064}"}
            c.execute(update(dataset_versions).where(of_dataset), row)
            store.projects.link(c, made, "dataset", dataset.id)
        stored = store.projects.stored_bytes(c, "ada", made.id)
        # PostgreSQL adds up big integers as a decimal number, which JSON spells as a text.
        assert (stored, type(stored)) == (2**41, int)


def test_links_are_counted_and_listed_by_kind(store):
    with store.write() as c:
        rows, made = Rows(store, c), add(store, c)
        dataset, executable = rows.dataset("red"), rows.executable("train")
        runs = [rows.run(title="Training"), rows.run("best")]
        for kind, one in (("dataset", dataset), ("executable", executable), ("run", runs[0])):
            store.projects.link(c, made, kind, one.id)
            store.projects.link(c, made, kind, one.id)
        counts = {"dataset": 1, "executable": 1, "run": 1}
        assert store.projects.get(c, "ada", made.id).links == counts
        found = store.projects.resources(c, "ada", made, LINK_KINDS, 10, "", "")
        assert [(one.kind, one.name) for one in found] == [
            ("run", "Training"),
            ("executable", "train"),
            ("dataset", "red"),
        ]
        assert store.projects.resources(c, "ada", made, LINK_KINDS, 1, found[0].id, "") == [
            found[1]
        ]
        assert store.projects.resources(c, "ada", made, ("run",), 10, "", "TRAIN") == [found[0]]
        free = store.projects.resources(c, "ada", made, ("run",), 10, "", "", linked=False)
        assert [(one.id, one.number) for one in free] == [(runs[1].id, runs[1].number)]
        assert found[1].number is None
        assert store.projects.unlink(c, made, "run", runs[0].id)
        assert not store.projects.unlink(c, made, "run", runs[0].id)


def test_lists_of_a_project_have_its_resources_only(store):
    with store.write() as c:
        rows, made = Rows(store, c), add(store, c)
        of: dict[LinkKind, Any] = {
            "dataset": rows.dataset("red"),
            "executable": rows.executable("train"),
        }
        rows.dataset("beer")
        rows.executable("brew")
        for kind, one in of.items():
            store.projects.link(c, made, kind, one.id)
            page = getattr(store, f"{kind}s").page
            assert [row.id for row in page(c, "ada", 10, "", "", made.id)] == [one.id]
            assert len(page(c, "ada", 10, "", "")) == 2
            assert page(c, "bob", 10, "", "", made.id) == []
        assert store.environments.page(c, "ada", 10, "", "", made.id) == []
        pushed = PushedFiles("/store/projects", made.id)
        assert store.workflows.page(c, "ada", 10, "", "", pushed) == []
        assert store.deployments.page(c, "ada", 10, "", "", "", project=made.id) == []
        assert store.automations.page(c, "ada", 10, "", "", made.id) == []


def test_a_run_belongs_to_the_project_of_its_workflow_or_automation(store, monkeypatch):
    with store.write() as c:
        rows, made = Rows(store, c), add(store, c)
        mine = [
            rows.run(title="linked"),
            rows.run(title="of workflow", workflow_id="w"),
            rows.run(title="of automation", origin="automation", source_id="s"),
        ]
        rows.run(title="other", workflow_id="v")
        store.projects.link(c, made, "run", mine[0].id)
        store.projects.link(c, made, "workflow", "w")
        store.projects.link(c, made, "automation", "s")
        found = store.runs.page(c, "ada", 10, "", project=made.id)
        assert [run.id for run in found] == [run.id for run in reversed(mine)]
        for many in (queries.MANY_RUNS, 1):
            monkeypatch.setattr(queries, "MANY_RUNS", many)
            found = store.runs.page(c, "ada", 10, "", project=made.id, search="automation")
            assert [run.id for run in found] == [mine[2].id]
            found = store.runs.page(c, "ada", 10, "", project=made.id, search="other")
            assert found == []
            found = store.runs.page(c, "ada", 1, mine[2].id, project=made.id, state="queued")
            assert [run.id for run in found] == [mine[1].id]


def test_pages_of_the_runs_of_a_project_have_all_of_them(store):
    with store.write() as c:
        rows, made = Rows(store, c), add(store, c)
        linked = [rows.run(title=f"run {number}", workflow_id="w") for number in range(6)]
        for run in linked[::2]:
            store.projects.link(c, made, "run", run.id)
        store.projects.link(c, made, "workflow", "w")
        store.runs.delete(c, linked[4])
        found, after = list[str](), ""
        while page := store.runs.page(c, "ada", 2, after, project=made.id):
            assert len(page) == 2 or len(found) == 4
            found += [run.id for run in page]
            after = found[-1]
        assert found == [run.id for run in reversed(linked) if run is not linked[4]]


def test_deleting_a_project_deletes_its_links_only(store):
    with store.write() as c:
        rows, made = Rows(store, c), add(store, c)
        dataset = rows.dataset("red")
        store.projects.link(c, made, "dataset", dataset.id)
        store.projects.delete(c, made)
        assert store.projects.get(c, "ada", made.id) is None
        assert c.execute(select(func.count()).select_from(project_links)).scalar() == 0
        assert store.datasets.get(c, "ada", dataset.id) == dataset


def test_links_to_deleted_resources_disappear(store):
    with store.write() as c:
        rows, made = Rows(store, c), add(store, c)
        kept, gone = rows.dataset("red"), rows.dataset("white")
        for one in (kept, gone):
            store.projects.link(c, made, "dataset", one.id)
        store.datasets.delete(c, gone)
        assert store.projects.get(c, "ada", made.id).links == {"dataset": 1}
        shown = store.projects.resources(c, "ada", made, LINK_KINDS, 10, "", "")
        assert [one.id for one in shown] == [kept.id]
        assert store.projects.delete_dangling(c) == 1
        assert store.projects.delete_dangling(c) == 0


@pytest.mark.parametrize("kind", LINK_KINDS)
def test_each_kind_has_its_table(store, kind):
    with store.write() as c:
        made = add(store, c)
        row = {"project_id": made.id, "kind": kind, "resource_id": "gone", "created_at": NOW}
        c.execute(insert(project_links), [row])
        assert {"id", "owner", "created_at"} <= {column.name for column in LINKABLE[kind].table.c}
        assert store.projects.resources(c, "ada", made, (kind,), 10, "", "a") == []
        assert store.projects.delete_dangling(c) == 1
