"""The tables of automations, their firings, backfills and watched files."""

import pytest
from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import IntegrityError

from nbyard.store.automations.firings import new_firing
from nbyard.store.schema.automation_tables import automation_files, automation_firings, backfills

from ..automations.conftest import add


def test_a_due_time_or_event_has_one_firing():
    """Also a due time of a backfill, whose key names the backfill."""
    assert {"automation_id", "event_key"} in [
        {column.name for column in one.columns}
        for one in automation_firings.constraints
        if isinstance(one, UniqueConstraint)
    ]


def test_a_second_firing_of_an_event_is_refused(store):
    add(store, "a")
    rows = [new_firing("a", "e", "waiting", None) for _ in range(2)]
    with pytest.raises(IntegrityError), store.write() as c:
        c.execute(automation_firings.insert(), rows)


def test_files_and_firings_belong_to_an_automation(store):
    files = {"automation_id": "x", "version": 1, "files": {}}
    for table, row in (
        (automation_files, files),
        (automation_firings, new_firing("x", "e", "waiting", None)),
    ):
        with pytest.raises(IntegrityError), store.write() as c:
            c.execute(table.insert(), [row])


def test_only_the_end_of_a_backfill_may_be_unknown():
    assert not any(column.nullable for column in backfills.c if column.name != "finished_at")
