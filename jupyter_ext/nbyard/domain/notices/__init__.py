"""Notices: messages about runs to channels outside of nbyard, such as Slack or e-mail.

The functions are pure. They decide which rules match an event, what a message says, and when a
message is sent. The dispatcher sends it.
"""
