"""Hold live runs in memory, the reports of threads, and the changes that one round writes."""
