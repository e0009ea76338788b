"""Record what tasks read of their code, and group results by the rest of their key."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    base = sa.Column("base_key", sa.String(80), nullable=False, server_default="")
    op.add_column("tasks", base)
    op.add_column("tasks", sa.Column("observed", sa.JSON))
    op.create_index("ix_tasks_base_key", "tasks", ["base_key"])
