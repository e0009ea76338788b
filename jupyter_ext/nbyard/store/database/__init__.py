"""Connect to SQLite or PostgreSQL, check the database before use, and execute compiled statements.

This package knows no tables.
"""
