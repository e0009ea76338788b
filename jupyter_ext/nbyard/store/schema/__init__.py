"""Declare the tables and their indexes with SQLAlchemy."""
