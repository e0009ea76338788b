"""What every table keeps, whatever the database."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from nbyard.domain.ids import new_id
from nbyard.store import Store
from nbyard.store.schema.tables import datasets, events, metadata
from nbyard.store.transition import TABLES

from ..rows import Rows

OWNED = (
    *("datasets", "executables", "environments", "images", "workflows", "runs", "cache", "events"),
    *("audit", "usage", "user_files"),
    "environment_defaults",
    *("credentials", "deployments", "models", "submissions", "retention", "run_templates"),
    *(
        "projects",
        "automations",
        "backfills",
        "bisections",
        "notice_channels",
        "notice_rules",
        "notices",
    ),
)


def test_every_row_has_an_owner() -> None:
    assert {t.name for t in metadata.sorted_tables if "owner" in t.c} == set(OWNED)
    assert not any(t.c.owner.nullable for t in metadata.sorted_tables if "owner" in t.c)


def test_every_state_has_an_index_and_a_machine() -> None:
    with_state = [t for t in metadata.sorted_tables if "state" in t.c]
    assert {t.name for t in with_state} == {t.name for t in TABLES.values()}
    for table in with_state:
        firsts = {next(iter(index.columns)).name for index in table.indexes}
        assert "state" in firsts


def test_names_of_runs_are_unique_for_each_owner(store: Store) -> None:
    with store.write() as c:
        Rows(store, c).run("one")
        Rows(store, c).run("one", "bob")
    with pytest.raises(IntegrityError), store.write() as c:
        Rows(store, c).run("one")


def test_a_row_without_its_parent_is_refused(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as c:
        Rows(store, c).dataset_version(new_id())
    with store.write() as c:
        run = Rows(store, c).run()
        store.runs.delete(c, run)
    with pytest.raises(IntegrityError), store.write() as c:
        Rows(store, c).task(run)


def test_ids_of_events_are_not_used_again(store: Store) -> None:
    """Otherwise, a cursor beyond the newest event would miss the next ones."""
    with store.write() as c:
        Rows(store, c).dataset("one")
        last = store.events.newest_id(c)
        c.execute(events.delete())
    with store.write() as c:
        Rows(store, c).dataset("two")
        assert store.events.oldest_id(c) == last + 1


def test_texts_survive_storage(store: Store) -> None:
    odd = "ä \U0001f427 e\u0301 'q' \"d\" \\ % _ ; -- \n\t"
    with store.write() as c:
        made = Rows(store, c).dataset("one")
        store.datasets.change(c, made, description=odd)
        assert c.execute(select(datasets.c.description)).scalar_one() == odd
