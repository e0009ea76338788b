"""Loads models where tasks wrote them, in a container or on a worker, to describe them.

The dispatcher loads the model, and the request waits for the result.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from nbyard.domain.attempts.structs import Surroundings
from nbyard.domain.ids import new_id
from nbyard.domain.models.model_probes import (
    FIELD,
    HINT,
    SECONDS,
    KnownTable,
    ModelProbe,
    ProbeAnswer,
    ReportedModel,
)
from nbyard.domain.naming.runtime_names import DOCKER, PROCESS
from nbyard.errors import Invalid, Unavailable
from nbyard.host.model_probe import probe_error, read_reported_model
from nbyard.reasons.structs import because
from nbyard.services.runs.attempt_views import surroundings
from nbyard.services.runs.attempts import attempts_behind

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.domain.runs.structs import Artifact
    from nbyard.services.service_context import ServiceContext
    from nbyard.store.runs.tasks import TaskRecord

# Extra time to wait in the queue, start the container and clean up.
MORE_SECONDS = 120.0
PAUSE_SECONDS = 0.1
UNKNOWN = because("model-origin-unknown")
NO_IMAGE = "the record of the image in which its node ran was deleted: run the node again"
START = "Start the container engine (nbyard doctor shows its state) and try again."


class Origin(NamedTuple):
    """Where a task ran: its runtime ("" if unknown), and what was recorded about the place."""

    runtime: str
    recorded: Surroundings | None

    @property
    def is_here(self) -> bool:
        """Return whether a process on this machine wrote the outputs, as the server's user."""
        return self.runtime == PROCESS


def origin_of(parts: ServiceContext, caller: Caller, task: TaskRecord) -> Origin:
    """Return where the attempt ran that wrote a task's outputs.

    For a cached task, that was earlier.
    """
    plan = task.plan
    with parts.store.read() as c:
        shown = parts.store.tasks.view(c, task.run_id, task.node)
        attempts = attempts_behind(parts.store, c, caller, shown) if shown else []
    if not attempts or shown is None:
        is_another = bool(plan.reuse or plan.pinned)
        return Origin("" if is_another else plan.runtime, None)
    there = msgspec.structs.replace(shown, attempts=attempts)
    return Origin(attempts[-1].runtime, surroundings(parts.store.folder, there))


def probe_at_origin(
    parts: ServiceContext,
    origin: Origin,
    file: Artifact,
    code: Mapping[str, str],
    tables: list[KnownTable],
) -> ReportedModel:
    """Request that the dispatcher loads a model where its task ran.

    Return the model's description.

    Raises:
        Invalid: The model cannot be loaded, or its origin is unknown.
        Unavailable: The engine or the dispatcher does not respond.
    """
    image = origin.recorded.image if origin.recorded else None
    if not origin.runtime:
        raise Invalid.field(FIELD, UNKNOWN, hint=HINT)
    if origin.runtime == DOCKER and image is None:
        raise Invalid.field(FIELD, NO_IMAGE, hint=HINT)
    probe = ModelProbe(
        id=new_id(),
        runtime=origin.runtime,
        image=image.id if image else "",
        image_name=image.name if image else "",
        digest=file.digest,
        filename=file.filename,
        code=dict(code),
        tables=tables,
    )
    answer = _wait_for_answer(parts, probe)
    if answer.passes:
        cause = answer.problem or "the cause is not recorded"
        why = f"A model that was created in a container can be loaded only in a container: {cause}"
        raise Unavailable(why, hint=f"{START} {HINT}")
    if answer.problem:
        raise probe_error(answer.problem)
    return read_reported_model(answer.text)


def _wait_for_answer(parts: ServiceContext, probe: ModelProbe) -> ProbeAnswer:
    rows, end = parts.store.model_probes, time.monotonic() + SECONDS + MORE_SECONDS
    parts.retire_idle_dispatcher()
    with parts.store.write() as c:
        rows.insert(c, probe)
    parts.ensure_dispatcher()
    try:
        # The answer is a row, because the dispatcher may run in another process or machine.
        while time.monotonic() < end:
            with parts.store.read() as c:
                answer = rows.answer(c, probe.id)
            if answer is not None:
                return answer
            # Start a dispatcher again if the former one was killed before it answered.
            parts.watch()
            time.sleep(PAUSE_SECONDS)
    finally:
        with parts.store.write() as c:
            # No other process reads the row, also if this request gives up.
            rows.delete(c, probe.id)
    return ProbeAnswer(problem=because("dispatcher-silent"), passes=True)
