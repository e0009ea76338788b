"""Arguments of executables: declarations, checks of values, and how programs receive them.

Also evaluates references to arguments.
"""
