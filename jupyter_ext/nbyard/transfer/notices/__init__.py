"""Send messages to notice channels, in a process of its own.

The process can be killed when a server does not answer, and it refuses private addresses.
"""
