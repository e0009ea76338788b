"""Compute cache keys, and reuse earlier results and partial predictions of interrupted attempts."""
