"""From arguments and values to the command line of a program: argument vector, variables,
streams and exit codes. Never a line for a shell.
"""
