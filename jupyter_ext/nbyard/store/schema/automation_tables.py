"""The tables of automations, of their firings and backfills, and of the files that they watch."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from nbyard.store.schema.sql_column_types import Because, Moment
from nbyard.store.schema.tables import Id, named_table, plain_table, table_with_id

# `path` is the real path of the code, empty for an executable.
# `root` and `start` are the folders below which the paths of `run` are.
# `timing` is null for events. `next_due` is null while nothing is due. Due times up to
# `handled_until` have their firing.
# `source_id` is the ID of the dataset or workflow of an event, `source_path` the real path of the
# code or of the watched files. Store events up to `since_event` start nothing.
automations = named_table(
    "automations",
    Column("is_enabled", Boolean, nullable=False),
    Column("path", Text, nullable=False),
    Column("run", JSON, nullable=False),
    Column("root", Text, nullable=False),
    Column("start", Text, nullable=False),
    Column("template_id", Id, nullable=False, index=True),
    Column("mode", String(20), nullable=False),
    Column("overlap", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("event", JSON, nullable=False),
    Column("timing", JSON(none_as_null=True)),
    Column("zone", String(64), nullable=False),
    Column("anchor", Moment, nullable=False),
    Column("starts_at", Moment),
    Column("ends_at", Moment),
    Column("at_most", Integer),
    Column("missed", JSON, nullable=False),
    Column("next_due", Moment, index=True),
    Column("handled_until", Moment, nullable=False, index=True),
    Column("source_id", Id, nullable=False, index=True),
    Column("source_path", Text, nullable=False, index=True),
    Column("since_event", BigInteger, nullable=False),
    Column("values_from", JSON, nullable=False),
    Column("secret", Text, nullable=False),
    Column("started_count", Integer, nullable=False),
    Column("missed_count", Integer, nullable=False),
    Column("overlapped_count", Integer, nullable=False),
    Column("failed_count", Integer, nullable=False),
    Index("ix_automations_kind_is_enabled_since_event", "kind", "is_enabled", "since_event"),
)

# `event_key` is unique for an automation, so that a due time or event has at most one firing.
# A firing of missed due times stands for `count` of them, from `since` to `due_at`.
# `given` are the values of parameters that the run takes from the event. Firings of a backfill
# exist from its start, so that a changed automation does not change them.
automation_firings = table_with_id(
    "automation_firings",
    Column("automation_id", Id, ForeignKey("automations.id", ondelete="CASCADE"), nullable=False),
    Column("backfill_id", Id, nullable=False),
    Column("event_key", String(220), nullable=False),
    Column("due_at", Moment),
    Column("since", Moment),
    Column("count", Integer, nullable=False),
    Column("cause", JSON(none_as_null=True)),
    Column("chain", JSON, nullable=False),
    Column("given", JSON, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("reason", Because, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("automation_id", "event_key"),
    Index(
        "ix_automation_firings_automation_id_backfill_id_id", "automation_id", "backfill_id", "id"
    ),
    Index("ix_automation_firings_automation_id_due_at", "automation_id", "due_at"),
    Index("ix_automation_firings_backfill_id_due_at", "backfill_id", "due_at"),
    Index("ix_automation_firings_outcome_backfill_id", "outcome", "backfill_id"),
    Index(
        "ix_automation_firings_automation_id_outcome_backfill_id",
        *("automation_id", "outcome", "backfill_id"),
    ),
)

# `template_id` is empty once the backfill has ended.
backfills = table_with_id(
    "backfills",
    Column("automation_id", Id, ForeignKey("automations.id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("at_once", Integer, nullable=False),
    Column("again", Boolean, nullable=False),
    Column("template_id", Id, nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index("ix_backfills_automation_id_id", "automation_id", "id"),
    Index("ix_backfills_owner_id", "owner", "id"),
)

# The files that an automation has handled: time of modification and size by real path.
automation_files = plain_table(
    "automation_files",
    Column("automation_id", Id, ForeignKey("automations.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("files", JSON, nullable=False),
)
