"""Processes of the operating system: how they are found, forked and killed, and how they end.

Nothing here knows of attempts.
"""
