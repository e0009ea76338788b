"""Which files the code may look for, and whether a cached result is still valid after files of
the code changed. The code is read and never run.
"""
