"""Tags of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("tags", sa.Text))
    has_tags = sa.text("tags is not null")
    op.create_index(
        "ix_runs_tags", "runs", ["tags", "id"], sqlite_where=has_tags, postgresql_where=has_tags
    )
