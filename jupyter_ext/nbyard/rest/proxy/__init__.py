"""The proxy of deployments and running attempts.

It forwards the owner's requests only, without Jupyter's cookies and tokens.
"""
