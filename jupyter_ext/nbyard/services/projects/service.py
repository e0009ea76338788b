"""Service operations on projects."""

from nbyard.services.projects.pushes import ProjectPushes


class ProjectService(ProjectPushes):
    """Resources that belong together."""

    noun = "projects"
