"""Datasets, their versions, and tables: columns, pages and profiles.

Also compares versions and signs requests for S3 objects.
"""
