"""Metrics of tasks, and who saved a version of a workflow."""

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
    person = sa.Column("person", sa.Text, nullable=False, server_default="")
    op.add_column("workflow_versions", person)
