"""This machine: its GPUs, capacity, kernels and installers, and safe access to its files.
Nothing here knows the store, an engine or a cluster.
"""
