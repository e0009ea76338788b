"""Bisections: which of the changes between a good and a bad run causes the bad result.

The search is pure: from the verdicts so far, it returns the next combination to try.
"""
