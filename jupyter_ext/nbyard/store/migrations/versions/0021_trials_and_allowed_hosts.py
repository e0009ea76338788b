"""Store trial loads of models, and the private hosts allowed for a dataset version.

A trial loads a model once in the image of the task that wrote it. The hosts are those that the
requester of the version allows.
"""

import sqlalchemy as sa
from alembic import op

import nbyard.store.schema.sql_column_types

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = nbyard.store.schema.sql_column_types.Moment(precision=53)
    op.create_table(
        "trials",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("trial", sa.JSON, nullable=False),
        sa.Column("answer", sa.JSON, nullable=True),
        sa.Column("begun_at", moment, nullable=True),
        sa.Column("created_at", moment, nullable=False),
    )
    allowed = sa.Column("allowed_hosts", sa.JSON, nullable=False, server_default="[]")
    op.add_column("dataset_versions", allowed)
