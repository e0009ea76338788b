"""The records of an attempt: its log, its events, and reports of the runner about the work."""
