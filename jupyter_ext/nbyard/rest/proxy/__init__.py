"""The proxy to deployments and running attempts.

It forwards requests of the owner only, and removes Jupyter's cookies and tokens.
"""
