"""Batch predictions: CSV, Parquet or a folder of them in, predictions out, in order."""

from .mode import BatchMode

__all__ = ["BatchMode"]
