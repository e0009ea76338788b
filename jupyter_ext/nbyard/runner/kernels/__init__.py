"""Kernels of notebooks, spawned or forked, and the clients that run cells in them.

Much of this relies on the inside of ipykernel, IPython, jupyter_client and nbclient.
"""
