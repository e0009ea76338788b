"""The tables of backfills and of their ticks."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table

from nbyard.store.schema.sql_column_types import Because, Moment
from nbyard.store.schema.tables import Id, metadata

# `template_id` is empty once the backfill has ended.
backfills = Table(
    "backfills",
    metadata,
    Column("id", Id, primary_key=True),
    Column("schedule_id", Id, ForeignKey("schedules.id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("at_once", Integer, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("template_id", Id, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index("ix_backfills_state", "state"),
    Index("ix_backfills_schedule_id_id", "schedule_id", "id"),
    Index("ix_backfills_owner_id", "owner", "id"),
    Index("ix_backfills_template_id", "template_id"),
)

# Each due time has its tick from the start, so that a changed schedule does not change them.
backfill_ticks = Table(
    "backfill_ticks",
    metadata,
    Column("backfill_id", Id, ForeignKey("backfills.id", ondelete="CASCADE"), primary_key=True),
    Column("due_at", Moment, primary_key=True),
    Column("outcome", String(20), nullable=False),
    Column("reason", Because, nullable=False),
    Column("run_id", Id, nullable=False),
)
