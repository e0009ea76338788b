"""Bring each deployment to its wanted state: start, check, record and stop its containers."""
