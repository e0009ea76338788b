"""Numbers of runs that count for each owner.

The first migration creates the table so. SQLite cannot replace the constraint of an older table
without a copy of the table. Such a store keeps unique numbers over all owners, so it stays that of
one owner, and gets an index for lookups.
"""

import sqlalchemy as sa
from alembic import op

from nbyard.domain.digest import digest_of

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_runs_number", "runs", ["number"])
    constraints = sa.inspect(op.get_bind()).get_unique_constraints("runs")
    is_older = "uq_runs_number" in {constraint["name"] for constraint in constraints}
    if not is_older:
        return
    # The former counter also knows numbers of deleted runs.
    facts = sa.table("facts", sa.column("name", sa.String), sa.column("value", sa.Text))
    former = sa.select(facts.c.value).where(facts.c.name == "run_number")
    if number := op.get_bind().execute(former).scalar():
        owners = op.get_bind().execute(sa.text("select distinct owner from runs")).scalars()
        names = [f"run_number:{digest_of(owner)[-32:]}" for owner in owners]
        op.bulk_insert(facts, [{"name": name, "value": number} for name in names])
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("uq_runs_number", "runs")
        op.create_unique_constraint("uq_runs_owner_number", "runs", ["owner", "number"])
    else:
        op.create_index("ix_runs_owner_number", "runs", ["owner", "number"])
