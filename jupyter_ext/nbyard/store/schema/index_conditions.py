"""Conditions of partial indexes: a query must repeat the exact text."""

from sqlalchemy import text

NAMED = text("workflow_id = '' and name is not null")
HAS_NAME = text("name is not null")
# Runs of an automation. Most runs have none; in a full index, all others seem to share one.
OF_SOURCE = text("source_id <> ''")
WORKED = text("state = 'succeeded' and not cached")
