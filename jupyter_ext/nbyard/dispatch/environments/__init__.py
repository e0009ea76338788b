"""Resolve and install versions of environments. Evict versions that nobody uses and reinstall
them from their lock.
"""
