"""Attempt folders and the Monitor links of running attempts.

The runner reads and writes the folders. The dispatcher reads and removes them.
"""
