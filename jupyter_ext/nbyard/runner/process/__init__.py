"""Processes of the operating system: finding, forking and killing them, and why they ended.

Nothing here depends on attempts.
"""
