"""Store schedules and what each of their due times led to."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def moment(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(precision=53), nullable=nullable)


def integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def upgrade() -> None:
    add_schedules()
    add_ticks()


def add_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        integer("revision"),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("run", sa.JSON, nullable=False),
        sa.Column("root", sa.Text, nullable=False),
        sa.Column("start", sa.Text, nullable=False),
        sa.Column("template_id", sa.String(36), nullable=False),
        sa.Column("timing", sa.JSON, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        moment("anchor"),
        moment("starts_at", nullable=True),
        moment("ends_at", nullable=True),
        sa.Column("at_most", sa.Integer),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("overlap", sa.String(20), nullable=False),
        sa.Column("missed", sa.JSON, nullable=False),
        moment("next_due", nullable=True),
        moment("handled_until"),
        *map(integer, ("started_count", "missed_count", "overlapped_count", "failed_count")),
        moment("created_at"),
        moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.UniqueConstraint("owner", "name", name="uq_schedules_owner_name"),
    )
    for column in ("next_due", "handled_until", "template_id"):
        op.create_index(f"ix_schedules_{column}", "schedules", [column])


def add_ticks() -> None:
    op.create_table(
        "schedule_ticks",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("schedule_id", sa.String(36), nullable=False),
        moment("due_at"),
        moment("since", nullable=True),
        integer("count"),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_ticks"),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name="fk_schedule_ticks_schedule_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("schedule_id", "due_at", name="uq_schedule_ticks_schedule_id_due_at"),
    )
    for first, *others in (("schedule_id", "id"), ("outcome", "id")):
        columns = [first, *others]
        op.create_index(f"ix_schedule_ticks_{'_'.join(columns)}", "schedule_ticks", columns)
