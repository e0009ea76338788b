"""Projects: a name for resources that belong together, and the task that they solve.

A resource may belong to several projects. Deleting a project keeps its resources.
"""
