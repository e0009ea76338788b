"""Query runs, their tasks and attempts, and the artifacts, cache entries and counts that come
from them.
"""
