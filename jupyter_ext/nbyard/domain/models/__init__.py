"""Models, their packages, and their input and output columns.

Model files, model classes and signatures are read without running code.
"""
