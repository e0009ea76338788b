"""The condition that limits a query to one project."""

from typing import Any

from sqlalchemy import Select, column, select

from nbyard.store.project_filter import linked_to


def test_without_a_project_a_query_stays_as_it_is():
    query: Select[Any] = select(column("id")).where(column("owner") == "ada")
    assert str(query.where(linked_to("", "run", column("id")))) == str(query)


def test_with_a_project_the_links_decide():
    words = str(select(column("id")).where(linked_to("p", "run", column("id"))))
    assert "id IN (SELECT project_links.resource_id" in words
