"""Limit rules of notices to projects."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "notice_rules", sa.Column("project_id", sa.String(36), nullable=False, server_default="")
    )
