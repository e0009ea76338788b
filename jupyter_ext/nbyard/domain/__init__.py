"""Data types and rules of nbyard. Pure: structs and functions without input or output."""
