"""The tables of the rules of daily clean-ups, of all runs and of projects."""

from sqlalchemy import JSON, Column, ForeignKey, String, Table

from nbyard.store.schema.sql_column_types import Moment
from nbyard.store.schema.tables import Id, metadata

# The rules of each owner for all runs.
retention = Table(
    "retention",
    metadata,
    Column("owner", String(200), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# The policies of projects.
project_retention = Table(
    "project_retention",
    metadata,
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
