"""Numbers of runs that count for each owner.

The first migration creates the table so. SQLite cannot replace the constraint of an older table,
which has the runs of one owner.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_runs_number", "runs", ["number"])
    constraints = sa.inspect(op.get_bind()).get_unique_constraints("runs")
    is_older = "uq_runs_number" in {constraint["name"] for constraint in constraints}
    if is_older and op.get_context().dialect.name == "postgresql":
        op.drop_constraint("uq_runs_number", "runs")
        op.create_unique_constraint("uq_runs_owner_number", "runs", ["owner", "number"])
