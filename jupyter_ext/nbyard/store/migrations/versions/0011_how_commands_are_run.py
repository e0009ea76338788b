"""Store how a command runs beyond its words: variables, files, streams, exit codes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "executable_versions",
        sa.Column("invocation", sa.JSON, nullable=False, server_default="{}"),
    )
