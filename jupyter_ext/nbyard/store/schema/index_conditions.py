"""Conditions of partial indexes: a query must repeat the exact text."""

from sqlalchemy import text

NAMED = text("workflow_id = '' and name is not null")
WORKED = text("state = 'succeeded' and not cached")
