"""Limit rules of notices to projects, and store policies of projects."""

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
    op.create_table(
        "project_retention",
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_project_retention"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_project_retention_project_id",
            ondelete="CASCADE",
        ),
    )
