"""Rows of schedules and of backfills."""
