"""Query runs, tasks and attempts, and their artifacts, cache entries and counts."""
