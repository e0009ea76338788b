"""Workflows: check documents, track their files, and find the workflows that use a dataset or a
credential.
"""
