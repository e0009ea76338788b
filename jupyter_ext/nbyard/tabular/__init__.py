"""Schemas, pages and profiles of tables in files.

Only the reader processes import polars.
"""

from nbyard.tabular.table_queries import TableFile, Tables

__all__ = ["TableFile", "Tables"]
