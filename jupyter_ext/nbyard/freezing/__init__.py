"""Freezing: turn files and documents into immutable versions and run templates.

Later changes of files, environments or datasets do not affect a frozen run. Its nodes name
versions of executables and environments, stored bytes, and results of pinned runs.
"""
