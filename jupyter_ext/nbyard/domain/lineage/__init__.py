"""Lineage: which data, code and environment a result comes from, and what was made with it.

A graph of rows of the store, which this package walks without knowing the store.
"""
