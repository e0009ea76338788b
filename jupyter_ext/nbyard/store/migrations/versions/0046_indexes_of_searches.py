"""Index titles, names and persons of runs for searches; drop the index of models."""

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
    op.create_index("ix_runs_person_id", "runs", ["person", "id"])
    op.drop_index("ix_artifacts_models", "artifacts")
