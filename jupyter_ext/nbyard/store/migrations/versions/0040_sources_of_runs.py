"""Store the schedule or trigger that a run came from, also in retries, and look runs up by it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection, text

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

OF_SOURCE = """update runs set source_id = origin_id
    where origin in ('schedule', 'backfill', 'trigger', 'webhook')"""
OF_RETRY = """update runs
    set source_id = (select old.source_id from runs as old where old.id = runs.origin_id)
    where origin = 'retry' and source_id = '' and exists (
        select 1 from runs as old where old.id = runs.origin_id and old.source_id <> '')"""


def upgrade() -> None:
    op.add_column("runs", sa.Column("source_id", sa.String(36), nullable=False, server_default=""))
    find_sources(op.get_bind())
    op.create_index("ix_runs_source_id_id", "runs", ["source_id", "id"])
    op.drop_index("ix_runs_origin_id_id", "runs")


def find_sources(c: Connection) -> None:
    """Set the sources of earlier runs."""
    c.execute(text(OF_SOURCE))
    # A retry may be retried, too.
    while c.execute(text(OF_RETRY)).rowcount:
        pass
