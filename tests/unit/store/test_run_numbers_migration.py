"""Run numbers in a store from before each owner had numbers of their own."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from nbyard.store import Store
from nbyard.store.database.database_connection import Database, sqlite_url
from nbyard.store.migrate import MIGRATIONS

from .rows import Rows

NOW = "CONSTRAINT uq_runs_owner_number UNIQUE (owner, number)"
BEFORE = "CONSTRAINT uq_runs_number UNIQUE (number)"
RUN = """insert into runs (id, number, title, owner, state, path, workflow_id,
workflow_version_id, parameters, runtime, edges, reason, created_at)
values ('r', 3, '', 'ada', 'succeeded', '', '', '', '{}', 'process', '[]', '', 0)"""


@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_numbers_of_deleted_runs_are_not_reused(tmp_path: Path, bare_database_url: str) -> None:
    database = Database(bare_database_url or sqlite_url(tmp_path), tmp_path, lambda: None)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as c:
        config.attributes["connection"] = c
        command.upgrade(config, "0007")
        if database.sqlite:
            made = c.execute(text("select sql from sqlite_master where name = 'runs'")).scalar_one()
            assert NOW in made
            c.execute(text("drop table runs"))
            c.execute(text(made.replace(NOW, BEFORE)))
        else:
            c.execute(text("alter table runs drop constraint uq_runs_owner_number"))
            c.execute(text("alter table runs add constraint uq_runs_number unique (number)"))
        c.execute(text(RUN))
        c.execute(text("insert into facts (name, value) values ('run_number', '7')"))
    database.close()
    store = Store(tmp_path, bare_database_url)
    with store.write() as c:
        assert Rows(store, c).run(owner="ada").number == 8
        assert Rows(store, c).run(owner="bob").number == 1
    store.close()
