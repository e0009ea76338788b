"""Importers read files of other programs as descriptions of commands.

Some also write such files. They come from the entry point group `nbyard.importers`, those of nbyard
as well as others.
"""
