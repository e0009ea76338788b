"""Record how long the holder of a lease may be silent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # a lease that is held now is as long as the default of the setting
    column = sa.Column("seconds", sa.Float(), nullable=False, server_default="30")
    op.add_column("leases", column)
