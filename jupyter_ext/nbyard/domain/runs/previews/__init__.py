"""What users see before a run: results and command lines of nodes, and which nodes would run.

`estimates` computes the duration of a run from earlier runs.
"""
