"""Deletion of runs: what protects a run, what a clean-up frees, and the clean-up itself.

Services use it on request, and the dispatcher once a day.
"""
