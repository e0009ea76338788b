"""Schedules: when a run is due, and what happens to missed and overlapping due times.

Pure functions on times; every clock is an argument.
"""
