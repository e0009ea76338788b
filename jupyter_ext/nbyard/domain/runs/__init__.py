"""Runs, tasks and artifacts: planning, progress, the queue, and estimates of duration.

The queue shares the resources of a machine. Also previews command lines.
"""
