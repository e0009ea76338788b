"""The periods of deployments with reminders of their ends, and the sizes of users' files."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("period_start", "reminded_at"):
        op.add_column("deployments", sa.Column(name, sa.Float(precision=53)))
    op.create_table(
        "user_files",
        sa.Column("source", sa.String(240), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_user_files"),
    )
    op.create_index("ix_user_files_owner", "user_files", ["owner"])
