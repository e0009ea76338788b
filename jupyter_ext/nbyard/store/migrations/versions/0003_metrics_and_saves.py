"""Metrics of tasks, and versions of workflows that were only saved."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("metrics", sa.JSON))
    unread = sa.text("state = 'succeeded' and metrics is null")
    op.create_index(
        "ix_tasks_unread", "tasks", ["run_id"], sqlite_where=unread, postgresql_where=unread
    )
    for table, names in {"workflows": ("listed",), "workflow_versions": ("person", "kept")}.items():
        for name in names:
            kind, default = (sa.Text, "") if name == "person" else (sa.Boolean, sa.true())
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
