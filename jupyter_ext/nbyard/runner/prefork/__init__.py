"""Supervisors, runners and kernels that are prepared before an attempt, only for speed.

Without them, each attempt starts its own processes.
"""
