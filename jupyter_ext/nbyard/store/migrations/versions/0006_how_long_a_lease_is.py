"""How long the holder of a lease may give no sign of life."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # one that is held meanwhile is as long as the setting was by itself
    column = sa.Column("seconds", sa.Float(), nullable=False, server_default="30")
    op.add_column("leases", column)
