"""Notices: messages about runs to channels outside of nbyard, such as Slack or e-mail.

Pure functions: which rules an event matches, what a message says, and when it is sent.
"""
