"""Store notice channels, their rules, and notices that wait or were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def moment(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(precision=53), nullable=nullable)


def text(name: str, size: int = 0) -> sa.Column[str]:
    return sa.Column(name, sa.String(size) if size else sa.Text, nullable=False)


def of_channel(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_channel_id"
    return sa.ForeignKeyConstraint(["channel_id"], ["notice_channels.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    add_channels()
    add_rules()
    add_notices()


def add_channels() -> None:
    op.create_table(
        "notice_channels",
        text("id", 36),
        text("name", 255),
        text("owner", 200),
        sa.Column("revision", sa.Integer, nullable=False),
        text("kind", 20),
        text("service", 200),
        text("address"),
        text("sealed"),
        sa.Column("allowed_hosts", sa.JSON, nullable=False),
        text("base_url"),
        sa.Column("digest", sa.JSON, nullable=False),
        moment("sent_at", nullable=True),
        moment("failed_at", nullable=True),
        text("error"),
        moment("retry_at", nullable=True),
        moment("created_at"),
        moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_notice_channels"),
        sa.UniqueConstraint("owner", "name", name="uq_notice_channels_owner_name"),
    )


def add_rules() -> None:
    op.create_table(
        "notice_rules",
        text("id", 36),
        text("owner", 200),
        text("channel_id", 36),
        text("schedule_id", 36),
        sa.Column("events", sa.JSON, nullable=False),
        text("path"),
        sa.Column("long_factor", sa.Float),
        sa.Column("long_seconds", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_notice_rules"),
        of_channel("notice_rules"),
    )
    for column in ("owner", "channel_id", "schedule_id"):
        op.create_index(f"ix_notice_rules_{column}", "notice_rules", [column])


def add_notices() -> None:
    op.create_table(
        "notices",
        text("id", 36),
        text("owner", 200),
        text("channel_id", 36),
        text("event", 20),
        text("event_id", 160),
        text("title"),
        text("run_id", 36),
        sa.Column("facts", sa.JSON, nullable=False),
        text("outcome", 20),
        text("message_id", 36),
        sa.Column("attempts", sa.Integer, nullable=False),
        text("reason"),
        moment("created_at"),
        moment("sent_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        of_channel("notices"),
        sa.UniqueConstraint("channel_id", "event_id", name="uq_notices_channel_id_event_id"),
    )
    for columns in (["outcome", "channel_id", "id"], ["channel_id", "id"]):
        op.create_index(f"ix_notices_{'_'.join(columns)}", "notices", columns)
