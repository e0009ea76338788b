"""Runs attempts on the workers of a Dask cluster, which need no access to the store's files."""

from nbyard.runtimes.dask.runtime import DaskRuntime

__all__ = ["DaskRuntime"]
