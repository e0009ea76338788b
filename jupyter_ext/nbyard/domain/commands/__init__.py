"""Command lines of programs: argument vector, variables, streams and exit codes.

They are built from arguments and values, never as a line for a shell.
"""
