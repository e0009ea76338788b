"""Previews of files for small cards: first rows, numbers, pictures, classes of models.

This runs in a reader process only. A file is only read as data: nothing in it is executed, and no
pickle is loaded.
"""
