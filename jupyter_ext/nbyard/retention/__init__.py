"""Deletion of runs: what protects a run, what a clean-up frees, and the clean-up itself.

Services use it when asked, the dispatcher once a day.
"""
