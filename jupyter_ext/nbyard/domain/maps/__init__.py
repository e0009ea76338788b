"""Maps: a node that runs once for each element of a list, a table, a folder or a grid.

Pure: sources become elements with keys, and states of elements become the state of their map.
"""
