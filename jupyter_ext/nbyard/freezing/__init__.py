"""Freezing: turn files and documents into immutable versions.

A frozen node has its executable, environment and pinned result.
"""
