"""Store what runs with the same outputs have in common, and index it; index kept runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection, text

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

OF_SOURCE = sa.text("source_id <> ''")
GROUP = ["output_group", "state", "id", "origin"]


def upgrade() -> None:
    op.add_column("runs", sa.Column("output_group", sa.Text, nullable=False, server_default=""))
    find_groups(op.get_bind())
    op.create_index("ix_runs_output_group", "runs", ["owner", *GROUP])
    op.create_index(
        "ix_runs_output_group_of_sources",
        "runs",
        ["source_id", *GROUP, "owner"],
        sqlite_where=OF_SOURCE,
        postgresql_where=OF_SOURCE,
    )
    op.create_index(
        "ix_runs_kept",
        "runs",
        ["owner"],
        sqlite_where=sa.text("kept = 1"),
        postgresql_where=sa.text("kept"),
    )


def find_groups(c: Connection) -> None:
    """Set the groups of earlier runs."""
    expression = """
        case when workflow_id <> '' then 'workflow:' || workflow_id
             when path <> '' then 'path:' || path
             else 'title:' || title end
    """
    c.execute(text(f"update runs set output_group = {expression}"))
