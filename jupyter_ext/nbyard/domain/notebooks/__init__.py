"""Notebooks as documents: parameters cells in Python and R, and generated notebooks."""
