"""The condition that limits a query to one project."""

from typing import Any

from sqlalchemy import Select, column, select

from nbyard.store.database.project_filter import linked_to, projects_of_runs

from ..rows import Rows
from ..test_projects import add


def test_without_a_project_a_query_is_unchanged():
    query: Select[Any] = select(column("id")).where(column("owner") == "ada")
    assert str(query.where(linked_to("", "run", column("id")))) == str(query)


def test_with_a_project_only_linked_rows_are_found():
    words = str(select(column("id")).where(linked_to("p", "run", column("id"))))
    assert "id IN (SELECT project_links.resource_id" in words


def test_runs_belong_to_a_project_by_their_links(store):
    with store.write() as c:
        rows, wine, beer = Rows(store, c), add(store, c), add(store, c, "beer")
        by_run = rows.run()
        by_workflow = rows.run(workflow_id="w")
        by_automation = rows.run(origin="automation", source_id="s")
        other = rows.run(workflow_id="v")
        for kind, key in (("run", by_run.id), ("workflow", "w"), ("automation", "s")):
            store.projects.link(c, wine, kind, key)
        store.projects.link(c, beer, "workflow", "w")
        ids = [one.id for one in (by_run, by_workflow, by_automation, other)]
        assert projects_of_runs(c, [wine.id, beer.id], ids) == {
            by_run.id: {wine.id},
            by_workflow.id: {wine.id, beer.id},
            by_automation.id: {wine.id},
            other.id: set(),
        }
        listed = store.runs.page(c, "ada", 9, "", project=wine.id)
        assert {one.id for one in listed} == {*ids[:3]}
        assert projects_of_runs(c, [wine.id], []) == {}
