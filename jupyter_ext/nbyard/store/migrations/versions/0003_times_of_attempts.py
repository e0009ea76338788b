"""Record when an attempt was prepared, started its work and was published."""

import sqlalchemy as sa
from alembic import op

import nbyard.store.schema.sql_column_types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("prepared_at", "working_at", "published_at"):
        moment = nbyard.store.schema.sql_column_types.Moment(precision=53)
        op.add_column("attempts", sa.Column(name, moment, nullable=True))
