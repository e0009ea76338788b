"""Servers that tests start on this machine and stop again: PostgreSQL, an index of packages."""
