"""Notebooks as documents: their parameters cells in Python and R, and the notebooks that nbyard
writes.
"""
