"""Connect to SQLite or PostgreSQL, check the database before use, and execute compiled
statements. Nothing here knows a table.
"""
