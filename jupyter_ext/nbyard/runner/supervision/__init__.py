"""The supervisor of an attempt: its log, its limits, its usage and its result."""
