"""Backups of a store: one archive, written while work goes on, restored into an empty store.

The rows are JSON lines, so that SQLite and PostgreSQL can restore the backups of each other.
"""
