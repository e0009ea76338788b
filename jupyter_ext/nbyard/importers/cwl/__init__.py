"""Reads and writes CWL v1.2 `CommandLineTool` documents as descriptions of commands.

The modules of this folder are imported with the first tool or job.
"""

from collections.abc import Sequence

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.nbexec_files import Description
from nbyard.importers.protocol import Imported, Job, Near


class CwlImporter:
    """Reads and writes `CommandLineTool` documents."""

    name = "cwl"
    suffixes: tuple[str, ...] = (".cwl",)

    def read(self, content: bytes, filename: str, near: Near | None = None) -> Imported:
        from nbyard.importers.cwl.tools import read_tool

        return read_tool(content, filename, near)

    def read_job(self, content: bytes, filename: str, arguments: Sequence[Argument]) -> Job:
        from nbyard.importers.cwl.job_reader import read_job

        return read_job(content, filename, arguments)

    def write(
        self, description: Description, *, label: str = "", doc: str = "", file: str = ""
    ) -> str:
        from nbyard.importers.cwl.tools import write_tool

        return write_tool(description, label=label, doc=doc, file=file)
