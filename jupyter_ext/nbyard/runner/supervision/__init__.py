"""The supervisor of an attempt: keeps its log, its limits and its usage, and writes its result."""
