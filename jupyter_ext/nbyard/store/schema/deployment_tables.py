"""The tables of deployments and of the models that they serve."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from nbyard.store.schema.sql_column_types import Because, Moment, ShortReason
from nbyard.store.schema.tables import Digest, Id, table_with_id

deployments = table_with_id(
    "deployments",
    Column("name", String(63), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("is_wanted", Boolean, nullable=False),
    Column("reason", Because, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("serving", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("removed_at", Moment),
    # of its own port, 0 until the first key is created
    Column("port", Integer, nullable=False, server_default="0"),
    # The lifetime counts from then, null before the first start. Its owner was reminded of its end.
    Column("period_start", Moment),
    Column("reminded_at", Moment),
    UniqueConstraint("owner", "name"),
)

revisions = table_with_id(
    "revisions",
    Column("deployment_id", Id, ForeignKey("deployments.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("origin", ShortReason(80), nullable=False),
    Column("spec", JSON, nullable=False),
    Column("password", Text, nullable=False),  # a hash in the format of the service
    Column("prefix", Text, nullable=False),
    Column("image_id", String(80), nullable=False),
    Column("gpus", JSON, nullable=False),
    Column("places", JSON, nullable=False),
    Column("forms", JSON, nullable=False),
    Column("restarts", Integer, nullable=False),
    Column("exit_code", Integer),
    Column("reason", Because, nullable=False),
    Column("reproduce", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ready_at", Moment),
    Column("ended_at", Moment),
    UniqueConstraint("deployment_id", "number"),
)

deployment_keys = table_with_id(
    "deployment_keys",
    Column("deployment_id", Id, ForeignKey("deployments.id", ondelete="CASCADE"), nullable=False),
    Column("prefix", String(20), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("name", String(80), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Index("ix_deployment_keys_deployment_id", "deployment_id"),
)

models = table_with_id(
    "models",
    Column("owner", String(200), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("tag", String(128), nullable=False),
    Column("mode", String(40), nullable=False),
    Column("platform_tag", Text, nullable=False),
    Column("repository", String(256), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("bundle_digest", Digest, nullable=False),
    Column("model", JSON, nullable=False),
    Column("source", JSON),
    Column("image", Id, ForeignKey("images.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("kept_until", Moment),
)

trials = table_with_id(
    "trials",
    Column("trial", JSON, nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("begun_at", Moment),
    Column("created_at", Moment, nullable=False),
)
