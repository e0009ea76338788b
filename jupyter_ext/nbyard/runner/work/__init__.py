"""The process that does the work of an attempt: a command, a function or a notebook.

When the process has ended, its outputs are collected here, or its failure is determined.
"""
