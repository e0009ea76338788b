"""Queries on lineage, the graph of what results come from and what was made with them.

One query reads the connections or nodes of one kind for a whole level of the graph.
"""

from nbyard.store.lineage.rows import LineageRows

__all__ = ["LineageRows"]
