"""Hooks in the running Jupyter server: activity, metrics, renamed files and a watchdog."""
