"""Service operations on projects."""

from typing import Any

from nbyard.domain.callers import Caller
from nbyard.services.projects.automatic_links import CREATED, SCOPE, link_result
from nbyard.services.projects.pushes import ProjectPushes


class ProjectService(ProjectPushes):
    """Resources that belong together."""

    noun = "projects"

    def link_created(self, caller: Caller, project: str, operation: str, result: Any) -> None:
        """Link the result of an operation to the request's active project.

        If the project is gone, nothing happens, because the operation itself has succeeded.
        """
        if operation not in CREATED or not caller.may(SCOPE):
            return
        with self._store.write() as c:
            record = self._rows.get(c, caller.name, project)
            if record is not None:
                link_result(self._store, c, record, operation, result)
