"""Add to the failure of a script or binary why its file could not start."""

import logging

import msgspec

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.attempts.failed_starts import start_hint
from nbyard.domain.attempts.structs import Failure
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because

log = logging.getLogger("nbyard.dispatch")
# the hints need the beginning of a binary, and scripts are smaller
MOST_BYTES = 1 << 20


def with_start_hint(
    context: DispatchContext, snapshot: AttemptSnapshot, failure: Failure
) -> Failure:
    """Return the failure, with a hint if its program cannot start.

    The hint comes from the file of the script or binary. Without a hint, the failure stays
    unchanged.
    """
    try:
        with context.store.read() as c:
            version = context.store.executables.version(c, snapshot.task.plan.executable_version_id)
        if version is None or version.kind != "command":
            return failure
        with context.blobs.open(version.content_digest) as handle:
            hint = start_hint(version.file.rpartition("/")[2], handle.read(MOST_BYTES), failure)
    except (NbyardError, OSError) as error:  # the failure itself must be stored
        log.info("the file of the attempt %s cannot be read: %s", snapshot.attempt.id, error)
        return failure
    if hint is None:
        return failure
    reason = because("start-hinted", cause=failure.reason, hint=hint)
    return msgspec.structs.replace(failure, reason=reason)
