"""Store the names of images on the engine."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.String(36)
MOMENT = sa.Float(precision=53)


def upgrade() -> None:
    op.create_table(
        "images",
        sa.Column("id", ID, primary_key=True),
        sa.Column("reference", sa.String(512), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("environment", ID, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("source", sa.String(512), nullable=False),
        sa.Column("recipe", sa.JSON, nullable=False),
        sa.Column("context_digest", sa.String(80), nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("image_id", sa.String(80), nullable=False),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("cached", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("failed_line", sa.JSON),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("removed_at", MOMENT),
    )
    op.create_index("ix_images_state", "images", ["state"])
    op.create_index("ix_images_owner_reference", "images", ["owner", "reference"])
