"""Advance runs in rounds. Apply reports, choose the tasks that are ready, and grant slots in the
order of the queue.
"""
