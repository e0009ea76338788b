"""Reads and writes CWL v1.2 `CommandLineTool` documents as descriptions of commands."""

from nbyard.importers.cwl.importer import CwlImporter

__all__ = ["CwlImporter"]
