"""Create an index of cache keys: the attempts behind a cached task are found without a scan."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_tasks_cache_key", "tasks", ["cache_key"])
