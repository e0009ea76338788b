"""Schemas, pages and profiles of tables in files; only the reader processes import polars."""

from nbyard.tabular.tables import TableFile, Tables

__all__ = ["TableFile", "Tables"]
