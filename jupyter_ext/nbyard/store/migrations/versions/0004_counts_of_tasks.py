"""Count the tasks of a run by state without reading their plans."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_run_id_state_cached", "tasks", ["run_id", "state", "cached"])
