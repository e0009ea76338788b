"""Statements that go straight to the driver."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from nbyard.store.database.query_parts import Prepared
from nbyard.store.schema.tables import events, facts

NOW = datetime(2026, 1, 2, 3, 4, 5, 250000, UTC)


def test_values_are_bound_by_their_column_types(store):
    row = {"at": NOW, "owner": "o", "topic": "t", "subject_id": "s", "run_id": "r"}
    with store.write() as c:
        Prepared(insert(events)).run(c, [{**row, "data": {"a": [1, "ä"]}}, {**row, "data": {}}])
        found = c.execute(select(events).where(events.c.owner == "o").order_by(events.c.id)).all()
    assert [(one.at, one.data) for one in found] == [(NOW, {"a": [1, "ä"]}), (NOW, {})]


def test_a_statement_returns_row_counts_and_rows(store):
    put = Prepared(insert(facts))
    change = Prepared(update(facts).where(facts.c.name == bindparam("of")))
    ask = Prepared(select(facts.c.name).where(facts.c.value == bindparam("what")))
    with store.write() as c:
        put.run(c, [{"name": name, "value": "1"} for name in "abc"])
        rows = [{"of": "a", "value": "2"}, {"of": "b", "value": "2"}, {"of": "x", "value": "2"}]
        assert change.run(c, rows) == 2
        assert sorted(ask.ask(c, what="2")) == [("a",), ("b",)]
        assert ask.ask(c, what="3") == []


def test_other_columns_are_another_statement(store):
    put = Prepared(insert(facts))
    with store.write() as c:
        put.run(c, [{"name": "a", "value": "1"}])
        put.run(c, [{"value": "2", "name": "b"}])
        found = c.execute(
            select(facts.c.name, facts.c.value).where(facts.c.name.in_(["a", "b"]))
        ).all()
    assert sorted(map(tuple, found)) == [("a", "1"), ("b", "2")]


def test_errors_equal_those_of_other_statements(store):
    put = Prepared(insert(facts))
    with pytest.raises(IntegrityError), store.write() as c:
        put.run(c, [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}])
    with store.read() as c:
        assert not c.execute(select(facts.c.name).where(facts.c.name == "a")).all()
