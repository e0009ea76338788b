"""Lineage: which data, code and environment a result comes from, and what was made with it.

The nodes of the graph are rows of the store. Callers pass the functions that read them.
"""
