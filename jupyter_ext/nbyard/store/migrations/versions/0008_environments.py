"""Create named environments and their versions; fingerprints get their own table."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.String(36)
MOMENT = sa.Float(precision=53)


def upgrade() -> None:
    op.rename_table("environments", "fingerprints")
    if op.get_bind().dialect.name == "postgresql":  # PostgreSQL keeps the name of the constraint
        op.execute("ALTER INDEX pk_environments RENAME TO pk_fingerprints")
    op.create_table(
        "environments",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("kernel", sa.String(255), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("owner", "name"),
    )
    op.create_table(
        "environment_versions",
        sa.Column("id", ID, primary_key=True),
        sa.Column(
            "environment_id",
            ID,
            sa.ForeignKey("environments.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("requirements", sa.JSON, nullable=False),
        sa.Column("packages", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("python", sa.String(80), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.UniqueConstraint("environment_id", "number"),
    )
    op.create_index("ix_environment_versions_state", "environment_versions", ["state"])
