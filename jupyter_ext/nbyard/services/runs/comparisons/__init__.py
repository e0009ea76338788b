"""Compare runs, explain differences, and find the change that made a result bad."""
