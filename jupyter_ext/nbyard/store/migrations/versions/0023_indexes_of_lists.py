"""Create indexes in the order of lists: a list costs the same for any number of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NAMED = sa.text("workflow_id = '' and name is not null")
WORKED = sa.text("state = 'succeeded' and not cached")


def upgrade() -> None:
    op.drop_index("ix_runs_workflow_id", "runs")
    op.create_index("ix_runs_owner_id", "runs", ["owner", "id"])
    op.create_index("ix_runs_owner_state_id", "runs", ["owner", "state", "id"])
    op.create_index("ix_runs_workflow_id_id", "runs", ["workflow_id", "id"])
    op.create_index("ix_runs_path_id", "runs", ["path", "id"])
    named = ["owner", "workflow_id", "id"]
    op.create_index("ix_runs_named", "runs", named, sqlite_where=NAMED, postgresql_where=NAMED)
    op.drop_index("ix_tasks_executable_id", "tasks")
    op.create_index("ix_tasks_executable_id_run_id", "tasks", ["executable_id", "run_id"])
    worked = ["executable_id", "id"]
    op.create_index("ix_tasks_worked", "tasks", worked, sqlite_where=WORKED, postgresql_where=WORKED)
    op.create_index("ix_artifacts_run_id_id", "artifacts", ["run_id", "id"])
    op.create_index("ix_cache_task_id", "cache", ["task_id"])
