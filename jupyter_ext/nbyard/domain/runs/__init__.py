"""Runs, tasks and artifacts: planning a run, its progress, the queue for the resources of a
machine, and estimates of duration. Also previews command lines.
"""
