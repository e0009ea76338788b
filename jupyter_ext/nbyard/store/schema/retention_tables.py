"""The table of the rules of clean-ups."""

from sqlalchemy import JSON, Column, String, Table

from nbyard.store.schema.sql_column_types import Moment
from nbyard.store.schema.tables import metadata

# The rules of daily clean-ups.
retention = Table(
    "retention",
    metadata,
    Column("owner", String(200), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
