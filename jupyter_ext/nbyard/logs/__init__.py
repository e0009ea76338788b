"""Log files: reading a growing log in pieces, logs of bounded size, and the request log of a
deployment.
"""
