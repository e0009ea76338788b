"""Connects the processes of one store: dispatcher, proxy, containers and tests.

The package starts the dispatcher, stores the secret that proxy and container share, and defines the
crash points of the tests.
"""
