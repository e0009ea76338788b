"""Rows of notices: channels with their rules, and the outbox of messages.

`announce` writes to the outbox in the transaction of a state change.
"""
