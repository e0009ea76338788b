"""Environments: versions, locks, requirements files and package sources.

Also lists the kernels of this machine that nbyard does not manage.
"""
