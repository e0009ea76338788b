"""Queries on lineage: one query for each kind of connection or node of a whole level."""

from nbyard.store.lineage.rows import LineageRows

__all__ = ["LineageRows"]
