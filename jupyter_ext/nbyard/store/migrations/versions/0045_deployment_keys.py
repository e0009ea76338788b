"""Store the keys of deployments, and the ports at which programs use them."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

DEPLOYMENT = "deployment_id"


def upgrade() -> None:
    port = sa.Column("port", sa.Integer, nullable=False, server_default="0")
    op.add_column("deployments", port)
    op.create_table(
        "deployment_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column(DEPLOYMENT, sa.String(36), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("expires_at", sa.Float(precision=53)),
        sa.PrimaryKeyConstraint("id", name="pk_deployment_keys"),
        sa.ForeignKeyConstraint(
            [DEPLOYMENT],
            ["deployments.id"],
            name="fk_deployment_keys_deployment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_deployment_keys_deployment_id", "deployment_keys", [DEPLOYMENT])
