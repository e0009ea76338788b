"""Hold what the dispatcher knows of live runs, the reports that threads send, and the changes
that one round writes in one transaction.
"""
