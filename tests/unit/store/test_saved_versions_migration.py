"""0003: workflows and versions of older stores stay listed and kept, and name nobody."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from nbyard.store import Store
from nbyard.store.database.database_connection import Database, sqlite_url
from nbyard.store.migrate import MIGRATIONS

WORKFLOW = """insert into workflows
(id, owner, document_id, path, title, created_at, updated_at)
values ('w', 'ada', 'd', '/a.nbflow', '', 0, 0)"""
VERSION = """insert into workflow_versions
(id, workflow_id, number, digest, document, created_at)
values ('v', 'w', 1, 'x', '{}', 0)"""


@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_older_workflows_stay_listed_with_their_versions(
    tmp_path: Path, bare_database_url: str
) -> None:
    url = bare_database_url or sqlite_url(tmp_path)
    database = Database(url, tmp_path, lambda: None)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as c:
        config.attributes["connection"] = c
        command.upgrade(config, "0002")
        c.execute(text(WORKFLOW))
        c.execute(text(VERSION))
    database.close()
    store = Store(tmp_path, bare_database_url)
    with store.read() as c:
        listed = c.execute(text("select listed from workflows")).all()
        kept = c.execute(text("select person, kept from workflow_versions")).all()
    assert (listed, kept) == ([(True,)], [("", True)])
    store.close()
    assert (tmp_path / "store-0002.sqlite").exists() is (bare_database_url == "")
