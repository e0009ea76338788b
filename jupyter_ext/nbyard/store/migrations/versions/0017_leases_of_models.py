"""Record until when a model is kept that was built for a form without a submission."""

import sqlalchemy as sa
from alembic import op

import nbyard.store.schema.sql_column_types

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = nbyard.store.schema.sql_column_types.Moment(precision=53)
    op.add_column("models", sa.Column("kept_until", moment, nullable=True))
