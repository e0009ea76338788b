"""Drive an attempt from its record to its artifacts.

Fill its folder, start and poll it, then store its outputs or explain its failure.
"""
