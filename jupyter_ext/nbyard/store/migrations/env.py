"""Alembic environment: migrates on the connection that `nbyard.store.migrate` passes."""

from alembic import context

from nbyard.store.schema.list_indexes import INDEXED

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=INDEXED, render_as_batch=True)
context.run_migrations()
