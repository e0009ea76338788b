"""Tasks of a run are counted by state without a look at their plans."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_run_id_state_cached", "tasks", ["run_id", "state", "cached"])
