"""Let a deployment wait while its image is being built."""

from nbyard.dispatch.context import Room
from nbyard.domain.deployments.status import BEING_BUILT, not_built
from nbyard.domain.reasons import shown
from nbyard.domain.states import IMAGE
from nbyard.store.deployments import DeploymentRow, RevisionRow


def awaited(room: Room, row: DeploymentRow, one: RevisionRow) -> str:
    """Return what a revision that never started waits for, and record that it waits.

    Return BEING_BUILT, or the reason why the build failed. Return "" if the image exists or is not
    built here.
    """
    has_waited = one.revision.reason == BEING_BUILT
    if one.revision.image_id:
        return ""
    images, name = room.store.images, one.revision.spec.image
    with room.store.read() as c:
        known, last = images.get(c, row.owner, name), images.newest(c, row.owner, name)
    if known is not None and known.origin == "build" and known.state in IMAGE.live:
        if not has_waited:
            _note(room, one, BEING_BUILT)
        return BEING_BUILT
    if has_waited and (last is None or last.state == "failed"):
        return not_built(shown(last.reason) if last else "")
    if has_waited:
        _note(room, one, "")
    return ""


def _note(room: Room, one: RevisionRow, reason: str) -> None:
    with room.write() as c:
        room.store.deployments.set_revision(c, one.revision.id, reason=reason)
