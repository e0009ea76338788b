"""The tables of backfills and their due times."""

import pytest
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.automation_tables import automation_firings, backfills


def test_a_due_time_stands_once_in_a_backfill(store):
    assert {column.name for column in automation_firings.primary_key} == {"backfill_id", "due_at"}
    row = {"backfill_id": "b", "due_at": None, "outcome": "waiting", "reason": None, "run_id": ""}
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(automation_firings.insert(), [row])
    assert not any(column.nullable for column in backfills.c if column.name != "finished_at")
