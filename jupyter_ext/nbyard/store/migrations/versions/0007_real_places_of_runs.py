"""Store the real paths of runs: servers with other roots and shells see the same runs."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OF_WORKFLOW = """
    UPDATE runs SET path = (SELECT path FROM workflows WHERE workflows.id = runs.workflow_id)
    WHERE workflow_id IN (SELECT id FROM workflows)
"""
OF_EXECUTABLE = """
    UPDATE runs SET path = COALESCE(
        (SELECT MIN(executables.path) FROM tasks JOIN executables
            ON executables.id = tasks.executable_id
            WHERE tasks.run_id = runs.id AND executables.path <> ''),
        path)
    WHERE workflow_id = '' AND path <> ''
"""


def upgrade() -> None:
    op.execute(OF_WORKFLOW)
    op.execute(OF_EXECUTABLE)
