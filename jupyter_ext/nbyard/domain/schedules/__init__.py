"""Schedules: when a run is due, and what happens to missed and overlapping due times.

The functions are pure: the present time is always an argument.
"""
