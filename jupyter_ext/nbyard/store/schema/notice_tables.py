"""The tables of notice channels, of their rules, and of the notices that wait or were sent."""

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from nbyard.store.schema.sql_column_types import Because, Moment
from nbyard.store.schema.tables import Id, named_table, table_with_id

# `sealed` holds the URL. `allowed_hosts` are the private hosts that the administrator allowed when
# the URL was set. Nothing is sent before `retry_at`.
notice_channels = named_table(
    "notice_channels",
    Column("kind", String(20), nullable=False),
    Column("service", String(200), nullable=False),
    Column("address", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("allowed_hosts", JSON, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("digest", JSON, nullable=False),
    Column("sent_at", Moment),
    Column("failed_at", Moment),
    Column("error", Because, nullable=False),
    Column("retry_at", Moment),
)

# `automation_id` is empty for the rules of a channel, and set for those of an automation.
# `project_id` is empty for the runs of all projects.
notice_rules = table_with_id(
    "notice_rules",
    Column("owner", String(200), nullable=False, index=True),
    Column("channel_id", Id, ForeignKey("notice_channels.id", ondelete="CASCADE"), nullable=False),
    Column("automation_id", Id, nullable=False, index=True),
    Column("events", JSON, nullable=False),
    Column("path", Text, nullable=False),
    Column("long_factor", Float),
    Column("long_seconds", Float),
    Column("project_id", Id, nullable=False, server_default=""),
    Index("ix_notice_rules_channel_id", "channel_id"),
)

# The outbox. Notices with one `message_id` share a message; it is empty before the first attempt.
notices = table_with_id(
    "notices",
    Column("owner", String(200), nullable=False),
    Column("channel_id", Id, ForeignKey("notice_channels.id", ondelete="CASCADE"), nullable=False),
    Column("event", String(20), nullable=False),
    Column("event_id", String(160), nullable=False),
    Column("title", Text, nullable=False),
    Column("run_id", Id, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("message_id", Id, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Because, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    UniqueConstraint("channel_id", "event_id"),
    Index("ix_notices_outcome_channel_id_id", "outcome", "channel_id", "id"),
    Index("ix_notices_channel_id_id", "channel_id", "id"),
)
