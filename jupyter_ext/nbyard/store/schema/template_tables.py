"""The table of run templates."""

from sqlalchemy import JSON, Column, String, Table, Text, UniqueConstraint

from nbyard.store.schema.sql_column_types import Moment
from nbyard.store.schema.tables import Digest, Id, metadata

# `digests` are those of all bytes that the content names, so that they are found without it.
run_templates = Table(
    "run_templates",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("workflow_id", Id, nullable=False),
    Column("workflow_version_id", Id, nullable=False),
    Column("content", JSON, nullable=False),
    Column("digests", JSON, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("owner", "digest"),
)
