"""Turn files and documents into immutable versions: the executable, environment and pinned
result of each node.
"""
