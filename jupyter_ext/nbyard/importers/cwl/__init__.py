"""Read and write CWL v1.2 `CommandLineTool` documents as descriptions of commands."""

from nbyard.importers.cwl.reading import Imported, read_tool
from nbyard.importers.cwl.writing import write_tool

__all__ = ["Imported", "read_tool", "write_tool"]
