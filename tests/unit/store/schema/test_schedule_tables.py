"""The tables of schedules and their ticks."""

import pytest
from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.automation_tables import automation_firings


def test_a_due_time_has_one_tick(store):
    row = {"schedule_id": "s", "due_at": None, "count": 1, "outcome": "started", "run_id": ""}
    assert {"schedule_id", "due_at"} in [
        {column.name for column in one.columns}
        for one in automation_firings.constraints
        if isinstance(one, UniqueConstraint)
    ]
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(automation_firings.insert(), [{**row, "id": "t", "reason": None}])
