"""Attempts: the files of the attempt folder, and what is read from them afterwards. This covers
metrics, resource usage, missing modules and files that no argument declares.
"""
