"""Record the worker of a function's attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("worker", sa.String(36), nullable=False, server_default="")
    op.add_column("attempts", column)
