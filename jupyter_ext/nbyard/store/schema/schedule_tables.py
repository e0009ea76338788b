"""The tables of schedules and of their ticks."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from nbyard.store.schema.sql_column_types import Because, Moment
from nbyard.store.schema.tables import Id, metadata

# `path` is the real path of the code, empty for an executable.
# `next_due` is null while nothing is due. Due times up to `handled_until` have their tick.
# `root` and `start` are the folders below which the paths of `run` are.
schedules = Table(
    "schedules",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("path", Text, nullable=False),
    Column("run", JSON, nullable=False),
    Column("root", Text, nullable=False),
    Column("start", Text, nullable=False),
    Column("template_id", Id, nullable=False),
    Column("timing", JSON, nullable=False),
    Column("words", Text, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("anchor", Moment, nullable=False),
    Column("starts_at", Moment),
    Column("ends_at", Moment),
    Column("at_most", Integer),
    Column("mode", String(20), nullable=False),
    Column("overlap", String(20), nullable=False),
    Column("missed", JSON, nullable=False),
    Column("next_due", Moment),
    Column("handled_until", Moment, nullable=False),
    Column("started_count", Integer, nullable=False),
    Column("missed_count", Integer, nullable=False),
    Column("overlapped_count", Integer, nullable=False),
    Column("failed_count", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("owner", "name"),
    Index("ix_schedules_next_due", "next_due"),
    Index("ix_schedules_handled_until", "handled_until"),
    Index("ix_schedules_template_id", "template_id"),
)

# A tick of missed due times stands for `count` of them, from `since` to `due_at`.
schedule_ticks = Table(
    "schedule_ticks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("schedule_id", Id, ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("since", Moment),
    Column("count", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", Because, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("schedule_id", "due_at"),
    Index("ix_schedule_ticks_schedule_id_id", "schedule_id", "id"),
    Index("ix_schedule_ticks_outcome_id", "outcome", "id"),
    Index("ix_schedule_ticks_schedule_id_outcome", "schedule_id", "outcome"),
)
