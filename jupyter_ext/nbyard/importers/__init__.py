"""Importers read files of other programs as descriptions of commands, and may write them.

They come from the entry point group `nbyard.importers`, ours as those of other packages.
"""
