"""Sends messages to notice channels, in a separate process for each message.

The process can be killed when a server does not respond. It refuses private addresses.
"""
