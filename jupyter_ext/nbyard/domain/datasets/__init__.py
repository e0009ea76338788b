"""Datasets, their versions and the structs of tables: columns, pages and profiles. Also compares
versions and signs requests for S3 objects.
"""
