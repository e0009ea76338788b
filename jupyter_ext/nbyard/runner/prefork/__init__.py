"""Supervisors, runners and kernels that are prepared before an attempt, only for speed.

Without them, each attempt starts its own processes. docs/explanation/architecture.md lists what
they rely on, with its checks and fallbacks.
"""
