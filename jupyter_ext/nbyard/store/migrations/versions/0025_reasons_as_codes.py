"""Turn the sentences of reasons into codes with parameters, also in events.

An old sentence becomes the code `text`, so that it is shown as it was written.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection, text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLES = (
    *("runs", "tasks", "attempts", "dataset_versions", "environment_versions", "images"),
    *("deployments", "revisions"),
)

SQLITE_REASON = "json_object('code', 'text', 'params', json_object('text', {words}))"
POSTGRESQL_REASON = "json_build_object('code', 'text', 'params', json_build_object('text', {words}))"
SQLITE_EVENTS = """update events set data = json_set(data, '$.reason', json({reason}))
    where json_type(data, '$.reason') = 'text' and json_extract(data, '$.reason') <> ''"""
POSTGRESQL_EVENTS = """update events
    set data = jsonb_set(data::jsonb, '{{reason}}', {reason}::jsonb)::json
    where json_typeof(data -> 'reason') = 'string' and data ->> 'reason' <> ''"""


def upgrade() -> None:
    op.add_column("tasks", sa.Column("waits", sa.Text, nullable=False, server_default=""))
    encode_reasons(op.get_bind())


def encode_reasons(c: Connection) -> None:
    """Encode every reason of the tables and of their events."""
    is_sqlite = c.dialect.name == "sqlite"
    reason = SQLITE_REASON if is_sqlite else POSTGRESQL_REASON
    words = "json_extract(data, '$.reason')" if is_sqlite else "data ->> 'reason'"
    for table in TABLES:
        encoded = reason.format(words="reason") + ("" if is_sqlite else "::text")
        c.execute(text(f"update {table} set reason = {encoded} where reason <> ''"))
    statement = SQLITE_EVENTS if is_sqlite else POSTGRESQL_EVENTS
    c.execute(text(statement.format(reason=reason.format(words=words))))
