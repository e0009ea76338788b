"""Parts of queries of several nouns, on tables of two nouns."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select
from sqlalchemy.dialects import postgresql

from nbyard.store.database.query_parts import (
    is_one_of,
    newest_first,
    with_newest_version,
    with_text,
)

METADATA = MetaData()
NOUNS = Table("nouns", METADATA, Column("id", String, primary_key=True), Column("name", String))
VERSIONS = Table("versions", METADATA, Column("noun_id", String), Column("number", Integer))
ROWS = {"a": "One", "b": "two%", "c": "one more"}


@pytest.fixture
def connection() -> Iterator[Any]:
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.connect() as connection:
        connection.execute(insert(NOUNS), [{"id": k, "name": v} for k, v in ROWS.items()])
        versions = [("a", 1), ("a", 2), ("b", 1), ("b", 3), ("b", 2)]
        told = [{"noun_id": noun, "number": number} for noun, number in versions]
        connection.execute(insert(VERSIONS), told)
        yield connection
    engine.dispose()


def ids(connection: Any, query: Any) -> list[str]:
    return list(connection.execute(query).scalars())


def test_a_page_starts_after_the_former_one(connection: Any) -> None:
    query = select(NOUNS.c.id)
    assert ids(connection, newest_first(query, NOUNS.c.id, 2, "")) == ["c", "b"]
    assert ids(connection, newest_first(query, NOUNS.c.id, 2, "b")) == ["a"]


def test_ids_are_found_by_the_index_of_their_column(connection: Any) -> None:
    query = select(NOUNS.c.id).where(is_one_of(NOUNS.c.id, iter("cax")), NOUNS.c.name != "One")
    assert ids(connection, query) == ["c"]
    assert ids(connection, select(NOUNS.c.id).where(is_one_of(NOUNS.c.id, []))) == []
    plan = connection.exec_driver_sql(
        f"explain query plan {query.compile(connection.engine)}", ("c,a,x", "One")
    )
    assert any("SEARCH nouns USING" in row[3] for row in plan)
    assert "string_to_array" in str(query.compile(dialect=postgresql.dialect()))


def test_a_text_is_contained_in_any_case_and_column(connection: Any) -> None:
    query = select(NOUNS.c.id).order_by(NOUNS.c.id)
    assert ids(connection, with_text(query, "ONE", NOUNS.c.name)) == ["a", "c"]
    assert ids(connection, with_text(query, "b", NOUNS.c.name, NOUNS.c.id)) == ["b"]
    assert ids(connection, with_text(query, "%", NOUNS.c.name)) == ["b"]
    assert ids(connection, with_text(query, "", NOUNS.c.name)) == ["a", "b", "c"]


def test_ascii_and_other_texts_are_found_alike(connection: Any) -> None:
    """SQLite compares ASCII itself; patterns have no special characters."""
    names = {"d": "a/b", "e": "a_b", "f": "Ämter"}
    connection.execute(insert(NOUNS), [{"id": k, "name": v} for k, v in names.items()])
    query = select(NOUNS.c.id).order_by(NOUNS.c.id)
    for text, found in (("A/B", "d"), ("a_b", "e"), ("/", "d"), ("mter", "f"), ("Ämter", "f")):
        assert ids(connection, with_text(query, text, NOUNS.c.name)) == [found]


def test_postgresql_ignores_the_case_of_ascii() -> None:
    query = with_text(select(NOUNS.c.id), "one", NOUNS.c.name)
    assert 'lower(nouns.name COLLATE "C")' in str(query.compile(dialect=postgresql.dialect()))


def test_a_noun_without_a_version_is_left_out(connection: Any) -> None:
    joined = with_newest_version(NOUNS, VERSIONS, "noun_id")
    query = select(NOUNS.c.id, VERSIONS.c.number).select_from(joined).order_by(NOUNS.c.id)
    assert [tuple(row) for row in connection.execute(query)] == [("a", 2), ("b", 3)]
