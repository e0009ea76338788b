"""Links what a request creates to the request's active project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.domain.projects.structs import LinkKind
    from nbyard.store import Connection, Store

CREATED: dict[str, LinkKind] = {
    "automations.create": "automation",
    "credentials.create": "credential",
    "datasets.create": "dataset",
    "deployments.create": "deployment",
    "environments.create": "environment",
    "executables.create": "executable",
    "models.build": "model",
    "models.register": "executable",
    "runs.create": "run",
    "runs.retry": "run",
}

SCOPE = "projects:write"


def check_may_link(caller: Caller, operation: str) -> None:
    """Check that the caller may link what an operation creates to a project.

    Raises:
        Forbidden: The caller lacks the scope to change projects.
    """
    if operation in CREATED:
        caller.check(SCOPE)


def link_to_active(
    store: Store, c: Connection, caller: Caller, active: str, operation: str, result: Any
) -> None:
    """Link what an operation created to the active project, if there is one.

    With the first run of a workflow, the workflow is linked, too.
    """
    project = store.projects.get(c, caller.name, active) if active else None
    if project is None or project.role == "viewer":
        return
    kind = CREATED[operation]
    store.projects.link(c, project, kind, result.id)
    workflow = result.workflow_id if kind == "run" else ""
    if workflow:
        # A workflow with earlier runs may belong to another project.
        of_workflow = store.runs.page(c, result.owner, 2, "", workflow=workflow)
        if len(of_workflow) == 1:
            store.projects.link_automatically(c, project, workflow)
