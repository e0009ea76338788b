"""Freezing: turn files and documents into immutable versions and run templates.

A frozen node has its executable, environment and pinned result.
"""
