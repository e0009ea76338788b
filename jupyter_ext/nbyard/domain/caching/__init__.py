"""Validity of cached results after changes to files of the code.

This includes which files the code may look for. The code is read and never run.
"""
