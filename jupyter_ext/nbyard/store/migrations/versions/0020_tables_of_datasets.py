"""Store the columns of dataset versions, inferred once from all their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dataset_tables",
        sa.Column("version_id", sa.String(36), nullable=False),
        sa.Column("info", sa.JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["dataset_versions.id"],
            name="fk_dataset_tables_version_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", name="pk_dataset_tables"),
    )
