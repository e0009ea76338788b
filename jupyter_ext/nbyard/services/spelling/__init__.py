"""Spells requests as the command and the Python program that send the same request.

Each module of commands covers some operations. All others are spelled with `nbyard call`.
"""
