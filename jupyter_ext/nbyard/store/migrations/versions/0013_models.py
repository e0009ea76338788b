"""Create the packages of models."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.String(36)


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("id", ID, primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("tag", sa.String(128), nullable=False),
        sa.Column("mode", sa.String(40), nullable=False),
        sa.Column("platform_tag", sa.Text, nullable=False),
        sa.Column("repository", sa.String(256), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("bundle_digest", sa.String(80), nullable=False),
        sa.Column("model", sa.JSON, nullable=False),
        sa.Column("image", ID, sa.ForeignKey("images.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
    )
    op.create_index("ix_models_owner", "models", ["owner"])
    op.create_index("ix_models_image", "models", ["image"])
    op.create_index("ix_models_repository", "models", ["repository"])
