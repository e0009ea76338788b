"""Runs, tasks and artifacts: planning, progress, estimates of duration, previews and clean-up.

`slots` shares the resources of a machine among queued tasks.
"""
