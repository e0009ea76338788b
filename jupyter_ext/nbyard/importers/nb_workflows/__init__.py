"""Reads projects of NB Workflows and LabFunctions, versions 0.2 and 0.3.

Their workflows become documents. Their schedules and runtimes become entries of nbyard.toml.
"""

from collections.abc import Collection, Mapping

from nbyard.importers.nb_workflows.project_reader import PROJECTS, convert_project
from nbyard.importers.protocol import ConvertedProject

__all__ = ["NbWorkflowsImporter", "convert_project"]


class NbWorkflowsImporter:
    """Converts project folders of NB Workflows."""

    name = "nb-workflows"
    files: tuple[str, ...] = PROJECTS
    suffixes: tuple[str, ...] = (".yaml", ".txt", ".in", ".nbvars")

    def convert(self, files: Mapping[str, bytes], paths: Collection[str]) -> ConvertedProject:
        """Convert a project folder."""
        return convert_project(files, paths)
