"""Reads Git repositories with the program git: no hooks, no prompts, no locks, limited time."""
