"""Index only the runs that have a source, which is a schedule or trigger."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

OF_SOURCE = sa.text("source_id <> ''")


def upgrade() -> None:
    op.create_index(
        "ix_runs_of_sources",
        "runs",
        ["source_id", "id"],
        sqlite_where=OF_SOURCE,
        postgresql_where=OF_SOURCE,
    )
    op.drop_index("ix_runs_source_id_id", "runs")
