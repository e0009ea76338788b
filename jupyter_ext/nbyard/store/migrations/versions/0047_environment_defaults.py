"""Store the default environments of stores and projects."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

ENVIRONMENT = "environment_id"


def upgrade() -> None:
    op.create_table(
        "environment_defaults",
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column(ENVIRONMENT, sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("owner", "project_id", name="pk_environment_defaults"),
        sa.ForeignKeyConstraint(
            [ENVIRONMENT],
            ["environments.id"],
            name="fk_environment_defaults_environment_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_environment_defaults_environment_id", "environment_defaults", [ENVIRONMENT])
