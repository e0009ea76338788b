"""Find the image build for which a deployment has to wait."""

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.deployments.deployment_status import WAITS_FOR_BUILD, not_built, waits_for_build
from nbyard.domain.models.structs import REPOSITORIES
from nbyard.domain.state_machines import IMAGE
from nbyard.reasons.structs import Reason, because
from nbyard.store.deployments import DeploymentRow, RevisionRow


def awaited_build(
    context: DispatchContext, row: DeploymentRow, revision_row: RevisionRow
) -> Reason | None:
    """Return why a revision that never started has to wait.

    Its image is being built here, or that build failed. The wait is recorded in the store. Return
    None if the image exists or is not built here.
    """
    has_waited = waits_for_build(revision_row.revision.reason)
    if revision_row.revision.image_id:
        return None
    images, name = context.store.images, revision_row.revision.spec.image
    with context.store.read() as c:
        known, last = images.get(c, row.owner, name), images.newest(c, row.owner, name)
    if known is not None and known.origin == "build" and known.state in IMAGE.live:
        wait = because(WAITS_FOR_BUILD)
        if not has_waited:
            _note(context, revision_row, wait)
        return wait
    if has_waited and (last is None or last.state == "failed"):
        return not_built(last.reason if last else None)
    if has_waited:
        _note(context, revision_row, None)
    return None


def failed_build(context: DispatchContext, row: DeploymentRow, image: str) -> Reason | None:
    """Return the reason if an image is that of a model and its newest build failed.

    Such images are on the engine only. Other images may be on a registry, whose reason why they
    cannot be pulled matters.
    """
    if not image.startswith(REPOSITORIES):
        return None
    with context.store.read() as c:
        last = context.store.images.newest(c, row.owner, image)
    if last is None or (last.origin, last.state) != ("build", "failed"):
        return None
    return not_built(last.reason)


def _note(context: DispatchContext, revision_row: RevisionRow, reason: Reason | None) -> None:
    with context.write() as c:
        context.store.deployments.set_revision(c, revision_row.revision.id, reason=reason)
