"""Rows of automations, of their firings, and of backfills."""
