"""Attempt folders and the Monitor links of running attempts.

The dispatcher creates, reads and removes the folders. The runner reads its task there and writes
log and results.
"""
