"""The tables of triggers and their firings."""

import pytest
from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import IntegrityError

from nbyard.store.schema.automation_tables import automation_files, automation_firings


def test_an_event_has_one_firing():
    assert {"trigger_id", "event_key"} in [
        {column.name for column in one.columns}
        for one in automation_firings.constraints
        if isinstance(one, UniqueConstraint)
    ]


def test_files_belong_to_a_trigger(store):
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(automation_files.insert(), [{"trigger_id": "x", "version": 1, "files": {}}])
