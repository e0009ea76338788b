"""Backups of a store: one archive, which is written during work and restored into an empty store.

The rows are JSON lines, so that a backup of SQLite can be restored into PostgreSQL, and vice versa.
"""
