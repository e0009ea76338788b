"""Runs: check and create them, and show their tasks, attempts, files and remaining time."""
