"""Access to this machine: its GPUs, capacity, kernels, installers and files.

The package does not depend on the store, an engine or a cluster.
"""
