"""Advance runs in rounds: apply reports, find ready tasks and grant slots in queue order."""
