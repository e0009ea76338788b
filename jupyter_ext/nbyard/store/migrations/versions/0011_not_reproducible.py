"""Why the code of a version is marked as not reproducible."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    mark = sa.Column("not_reproducible", sa.Text, nullable=False, server_default="")
    op.add_column("executable_versions", mark)
