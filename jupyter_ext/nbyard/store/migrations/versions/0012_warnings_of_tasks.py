"""Store a warning beside the result of a task."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("warning", sa.Text, nullable=False, server_default=""))
