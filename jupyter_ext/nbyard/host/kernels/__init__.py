"""The kernels of this machine, and the files that describe them to Jupyter."""
