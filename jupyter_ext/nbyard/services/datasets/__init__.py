"""Datasets, their versions and imports.

The service records an import and the dispatcher runs it.
"""
