"""Comparisons of runs: what differs between their records, and what caused a difference.

Two versions of a notebook are compared cell by cell.
"""
