"""The table of the stored data that tasks used."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from nbyard.store.schema.tables import Id, metadata

# `source` is `dataset:ID` of a version or `artifact:ID`. The plan of the task has it too, but
# only an index finds the tasks of a source.
task_sources = Table(
    "task_sources",
    metadata,
    Column("task_id", Id, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("source", String(50), nullable=False),
    Index("ix_task_sources_source_task_id", "source", "task_id"),
)
