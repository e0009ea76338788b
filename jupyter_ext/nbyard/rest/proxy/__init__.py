"""The proxy of deployments and running attempts. It forwards requests of the owner only, without
cookies and tokens of Jupyter.
"""
