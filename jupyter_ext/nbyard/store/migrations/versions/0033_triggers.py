"""Store triggers, what each of their events led to, and which runs published datasets."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def moment(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float(precision=53), nullable=False)


def text(name: str, length: int | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(length) if length else sa.Text, nullable=False)


def upgrade() -> None:
    op.add_column("runs", sa.Column("cause", sa.JSON))
    op.add_column("runs", sa.Column("chain", sa.JSON, nullable=False, server_default="[]"))
    op.add_column(
        "dataset_versions", sa.Column("run_id", sa.String(36), nullable=False, server_default="")
    )
    add_triggers()
    add_firings()
    op.create_table(
        "trigger_files",
        text("trigger_id", 36),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("trigger_id", name="pk_trigger_files"),
        of_trigger("trigger_files"),
    )


def of_trigger(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["trigger_id"], ["triggers.id"], name=f"fk_{table}_trigger_id", ondelete="CASCADE"
    )


def add_triggers() -> None:
    counts = ("started_count", "overlapped_count", "failed_count")
    op.create_table(
        "triggers",
        text("id", 36),
        text("name", 255),
        text("owner", 200),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("is_enabled", sa.Boolean, nullable=False),
        text("kind", 20),
        sa.Column("event", sa.JSON, nullable=False),
        text("source_id", 36),
        text("source_path"),
        sa.Column("since_event", sa.BigInteger, nullable=False),
        text("path"),
        sa.Column("run", sa.JSON, nullable=False),
        sa.Column("values_from", sa.JSON, nullable=False),
        text("root"),
        text("start"),
        text("template_id", 36),
        text("mode", 20),
        text("overlap", 20),
        text("secret"),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        moment("created_at"),
        moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_triggers"),
        sa.UniqueConstraint("owner", "name", name="uq_triggers_owner_name"),
    )
    for column in ("kind", "template_id"):
        op.create_index(f"ix_triggers_{column}", "triggers", [column])


def add_firings() -> None:
    op.create_table(
        "trigger_firings",
        text("id", 36),
        text("trigger_id", 36),
        text("event_key", 220),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("cause", "chain", "given")),
        text("outcome", 20),
        text("reason"),
        text("run_id", 36),
        moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_trigger_firings"),
        of_trigger("trigger_firings"),
        sa.UniqueConstraint(
            "trigger_id", "event_key", name="uq_trigger_firings_trigger_id_event_key"
        ),
    )
    for first, *others in (("trigger_id", "id"), ("outcome", "id")):
        columns = [first, *others]
        op.create_index(f"ix_trigger_firings_{'_'.join(columns)}", "trigger_firings", columns)
