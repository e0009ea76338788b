"""Rows of triggers, of what their events led to, and of the files that they watch."""
