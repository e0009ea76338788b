"""Index the due times of a schedule by their outcome."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_schedule_ticks_schedule_id_outcome", "schedule_ticks", ["schedule_id", "outcome"]
    )
