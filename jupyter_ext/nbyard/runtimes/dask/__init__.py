"""Attempts on the workers of a Dask cluster, which need not see our files."""

from nbyard.runtimes.dask.runtime import DaskRuntime

__all__ = ["DaskRuntime"]
