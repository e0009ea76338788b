"""The table of bisections."""

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text

from nbyard.store.schema.sql_column_types import Because, Moment
from nbyard.store.schema.tables import Id, metadata

# `probes` grows by one for each run. Only the dispatcher writes it, while the state is running.
bisections = Table(
    "bisections",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("good_run", Id, nullable=False),
    Column("bad_run", Id, nullable=False),
    Column("good_number", Integer, nullable=False),
    Column("bad_number", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("judge", JSON, nullable=False),
    Column("limit", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("probes", JSON, nullable=False),
    Column("ending", String(20)),
    Column("culprits", JSON, nullable=False),
    Column("reason", Because, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index("ix_bisections_state", "state"),
    Index("ix_bisections_owner_id", "owner", "id"),
)
