"""Store who submitted a run."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("person", sa.Text, nullable=False, server_default=""))
