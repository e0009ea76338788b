"""Attempts: the files of the attempt folder, and the data read from them afterwards.

This covers metrics, resource usage, missing modules and files that no argument declares.
"""
