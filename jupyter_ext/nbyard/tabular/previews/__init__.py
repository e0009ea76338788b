"""Previews of files for small cards: heads of tables, numbers, pictures, classes of models.

All of this runs in a reader process. A file is only read as data: nothing in it is executed,
and no pickle is loaded.
"""
