"""Bringing the schema up to date, safely: one migrates, a copy is kept, newer ones are refused."""

import shutil
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from nbyard.errors import NewerSchema
from nbyard.store.database import Database
from nbyard.store.events import ADVISORY_LOCK
from nbyard.store.soundness import check_stamp

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database, folder: Path) -> None:
    """Upgrade to the newest schema; each step and its stamp are one transaction.

    Raises:
        NewerSchema: the store knows a revision that this nbyard does not.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with database.read() as c:
        present = MigrationContext.configure(c).get_current_revision()
    if present == scripts.get_current_head():
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise NewerSchema(hint=f"The store's schema is {present}; upgrade nbyard.")
    if present is None:
        check_stamp(database, folder)
    elif database.sqlite:
        _keep_copy(database, folder, present)
    with database.write() as c:
        _lock(c)
        config.attributes["connection"] = c
        command.upgrade(config, "head")


def _lock(c: Connection) -> None:
    if c.dialect.name == "postgresql":
        c.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


def _keep_copy(database: Database, folder: Path, revision: str) -> None:
    target = folder / f"store-{revision}.sqlite"
    if not target.exists():
        part = target.with_suffix(".part")
        part.unlink(missing_ok=True)
        with database.engine.connect() as c:
            c.execution_options(nbyard_plain=True)
            c.exec_driver_sql("VACUUM INTO ?", (str(part),))
        shutil.move(part, target)
