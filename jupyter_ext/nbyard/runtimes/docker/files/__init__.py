"""Files of an attempt: its folder on our side, the transfer to an engine that cannot see it, and
the copied log.
"""
