"""Bring each deployment to its wanted state. Start, check, record and stop its containers."""
