"""Numbers of runs that count for each owner.

SQLite cannot drop a constraint, and a store in SQLite has one owner.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_runs_owner_number", "runs", ["owner", "number"], unique=True)
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("uq_runs_number", "runs")
