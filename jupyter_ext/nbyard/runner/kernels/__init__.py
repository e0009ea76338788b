"""Kernels of notebooks, spawned or forked, and the clients that run cells in them.

Much of this relies on internals of ipykernel, IPython, jupyter_client and nbclient, only for speed.
docs/explanation/architecture.md lists each case with its check and its fallback: a spawned kernel
and nbclient's own client. tests/integration/test_unknown_insides.py breaks the internals, and
tests/integration/test_versions.py runs the oldest and newest versions.
"""
