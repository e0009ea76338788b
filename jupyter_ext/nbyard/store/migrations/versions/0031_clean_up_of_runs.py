"""Runs that clean-ups keep, and the rules of daily clean-ups."""

import sqlalchemy as sa
from alembic import op

from nbyard.store.schema.sql_column_types import Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("kept", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "retention",
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_retention"),
    )
