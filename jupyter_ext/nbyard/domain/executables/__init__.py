"""Executables and their versions, the `.nbexec` files that describe them, and differences
between two versions of code.
"""
