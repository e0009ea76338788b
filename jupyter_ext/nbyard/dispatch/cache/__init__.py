"""Compute cache keys and reuse earlier results. Partial predictions of an interrupted attempt
count as well.
"""
