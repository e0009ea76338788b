"""Index titles, names and persons of runs for searches."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    has_name = sa.text("name is not null")
    op.create_index("ix_runs_title", "runs", ["title"])
    op.create_index(
        "ix_runs_name", "runs", ["name", "id"], sqlite_where=has_name, postgresql_where=has_name
    )
    op.create_index("ix_runs_owner_person_id", "runs", ["owner", "person", "id"])
