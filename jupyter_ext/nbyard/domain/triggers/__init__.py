"""Triggers: which events start a run, with which values, and which chains of triggers are loops.

The functions are pure: clocks, files and random bytes are arguments.
"""
