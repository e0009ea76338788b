"""Store backfills of schedules, their ticks, and which runs they created."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def moment(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(precision=53), nullable=nullable)


def text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("backfill_id", sa.String(36), nullable=False, server_default="")
    )
    op.create_table(
        "backfills",
        text("id", 36),
        text("schedule_id", 36),
        text("owner", 200),
        text("state", 20),
        moment("since"),
        moment("until"),
        sa.Column("at_once", sa.Integer, nullable=False),
        sa.Column("again", sa.Boolean, nullable=False),
        text("template_id", 36),
        moment("created_at"),
        moment("finished_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_backfills"),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name="fk_backfills_schedule_id",
            ondelete="CASCADE",
        ),
    )
    for columns in (["state"], ["schedule_id", "id"], ["owner", "id"], ["template_id"]):
        op.create_index(f"ix_backfills_{'_'.join(columns)}", "backfills", columns)
    op.create_table(
        "backfill_ticks",
        text("backfill_id", 36),
        moment("due_at"),
        text("outcome", 20),
        sa.Column("reason", sa.Text, nullable=False),
        text("run_id", 36),
        sa.PrimaryKeyConstraint("backfill_id", "due_at", name="pk_backfill_ticks"),
        sa.ForeignKeyConstraint(
            ["backfill_id"],
            ["backfills.id"],
            name="fk_backfill_ticks_backfill_id",
            ondelete="CASCADE",
        ),
    )
