"""The work of an attempt: the process of a command, of functions or of a notebook.

The end of the work becomes outputs or a failure here.
"""
