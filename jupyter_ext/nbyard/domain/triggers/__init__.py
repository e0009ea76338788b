"""Triggers: which events start a run, with which values, and which chains of triggers are loops.

Pure functions on structs; clocks, files and random bytes are arguments.
"""
