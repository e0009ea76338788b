"""The tables of triggers, of their firings and of the files that they watch."""

from sqlalchemy import (
    JSON,
    BigInteger,
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
# `source_id` is the ID of the dataset or workflow that fires it, `source_path` the real path of the
# code or of the watched files. Store events up to `since_event` fire nothing.
# `root` and `start` are the folders below which the paths of `run` are.
triggers = Table(
    "triggers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("event", JSON, nullable=False),
    Column("source_id", Id, nullable=False),
    Column("source_path", Text, nullable=False),
    Column("since_event", BigInteger, nullable=False),
    Column("path", Text, nullable=False),
    Column("run", JSON, nullable=False),
    Column("values_from", JSON, nullable=False),
    Column("root", Text, nullable=False),
    Column("start", Text, nullable=False),
    Column("template_id", Id, nullable=False),
    Column("mode", String(20), nullable=False),
    Column("overlap", String(20), nullable=False),
    Column("secret", Text, nullable=False),
    Column("started_count", Integer, nullable=False),
    Column("overlapped_count", Integer, nullable=False),
    Column("failed_count", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("owner", "name"),
    Index("ix_triggers_kind_is_enabled_since_event", "kind", "is_enabled", "since_event"),
    Index("ix_triggers_source_id", "source_id"),
    Index("ix_triggers_source_path", "source_path"),
    Index("ix_triggers_template_id", "template_id"),
)

# `event_key` is unique for a trigger, so that an event has at most one firing.
# `given` are the values of parameters that the run takes from the event.
trigger_firings = Table(
    "trigger_firings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("trigger_id", Id, ForeignKey("triggers.id", ondelete="CASCADE"), nullable=False),
    Column("event_key", String(220), nullable=False),
    Column("cause", JSON, nullable=False),
    Column("chain", JSON, nullable=False),
    Column("given", JSON, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", Because, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("trigger_id", "event_key"),
    Index("ix_trigger_firings_trigger_id_id", "trigger_id", "id"),
    Index("ix_trigger_firings_outcome_id", "outcome", "id"),
)

# The files that a trigger has handled: time of modification and size by real path.
trigger_files = Table(
    "trigger_files",
    metadata,
    Column("trigger_id", Id, ForeignKey("triggers.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("files", JSON, nullable=False),
)
