"""Decides whether a deployment has settled after a change."""

from collections.abc import Callable

from nbyard.domain.deployments.structs import Deployment, Revision
from nbyard.domain.state_machines import DEPLOYMENT


def is_settled(made: Deployment, newest: Callable[[], Revision]) -> bool:
    """Return whether the newest revision responds, or will never respond.

    `made` is the present state of the deployment. `newest` returns the newest revision. It is
    called only while an older one responds.
    """
    if made.state != "running":
        return made.state in DEPLOYMENT.rests
    if made.serving == made.revision:
        return True
    # A reason alone may also mean that the revision still waits or is tried again.
    revision = newest()
    return revision.ended_at is not None and (revision.reason is None or made.reason is not None)
