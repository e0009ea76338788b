"""Migrate the schema: one process at a time, after a backup copy, never from a newer schema."""

import shutil
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from nbyard.errors import NewerSchema
from nbyard.store.database.database_connection import Database, sqlite_url
from nbyard.store.database.integrity import check_stamp
from nbyard.store.events import ADVISORY_LOCK

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database, folder: Path) -> None:
    """Upgrade to the newest schema; each step and its stamp are one transaction.

    Raises:
        NewerSchema: The store has a schema revision that this nbyard does not know.
    """
    with database.read() as c:
        present = schema_of(c)
        if not present and database.sqlite:
            check_stamp(c, folder)  # in the same snapshot: another process may create the tables
    known = revisions()
    # The usual case takes no write lock.
    if present == known[-1]:
        return
    if present:
        check_known(present)
        if database.sqlite:
            _keep_copy(database, folder, present)
    with database.write() as c:
        upgrade(c, "head")


def check_known(schema: str) -> None:
    """Check that this nbyard knows a schema revision.

    Raises:
        NewerSchema: The revision is unknown.
    """
    if schema not in revisions():
        raise NewerSchema(hint=f"The store has schema {schema}. Upgrade nbyard to open it.")


def schema_of(c: Connection) -> str:
    """Return the schema revision of a database; empty if it has none."""
    if not inspect(c).has_table("alembic_version"):
        return ""
    stamp = text("select version_num from alembic_version")
    return str(c.execute(stamp).scalar_one_or_none() or "")


def schema_before(folder: Path, url: str = "") -> str:
    """Return the schema revision of a store, without migrating it.

    The revision of a new store is empty.
    """
    if not url and not (folder / "store.sqlite").exists():
        return ""
    database = Database(url or sqlite_url(folder), folder, lambda: None)
    try:
        with database.read() as c:
            return schema_of(c)
    finally:
        database.close()


def upgrade(c: Connection, schema: str) -> None:
    """Upgrade to a schema revision within this transaction."""
    # imported late: most stores are up to date when they are opened
    from alembic import command
    from alembic.config import Config

    config = Config()
    # Alembic replaces texts such as %(name)s in its options, also in this path.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if c.dialect.name == "postgresql":
        c.execute(text("select pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    config.attributes["connection"] = c
    command.upgrade(config, schema)


def revisions() -> list[str]:
    """Return all schema revisions that this nbyard knows, oldest first."""
    return sorted(path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py"))


def _keep_copy(database: Database, folder: Path, revision: str) -> None:
    target = folder / f"store-{revision}.sqlite"
    with database.write():  # the lock keeps others from migrating before the copy exists
        if target.exists():
            return
        # An interrupted copy must not look complete, so rename it at the end.
        part = target.with_suffix(".part")
        part.unlink(missing_ok=True)
        with database.engine.connect() as c:
            # VACUUM cannot run within a transaction.
            c.execution_options(nbyard_plain=True)
            c.exec_driver_sql("VACUUM INTO ?", (str(part),))
        shutil.move(part, target)
