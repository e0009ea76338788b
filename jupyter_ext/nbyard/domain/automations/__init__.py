"""Automations: what starts a run, with which values, and what happens to runs that overlap.

The functions are pure: clocks, files and random bytes are arguments.
"""
