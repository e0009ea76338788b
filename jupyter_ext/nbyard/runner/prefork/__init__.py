"""Prepares supervisors, runners and kernels before an attempt exists, only for speed.

Without this package, each attempt starts its own processes. docs/explanation/architecture.md lists
the internals that the package relies on, with the checks and the fallbacks.
"""
