"""Read projects of NB Workflows and LabFunctions, versions 0.2 and 0.3.

Their workflows become documents, their schedules and runtimes entries of nbyard.toml.
"""

from nbyard.importers.nb_workflows.project_reader import ConvertedProject, convert_project

__all__ = ["ConvertedProject", "convert_project"]
