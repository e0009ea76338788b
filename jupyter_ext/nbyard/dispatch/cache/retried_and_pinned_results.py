"""Reuse results of earlier tasks: in retried runs, and for pinned nodes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from nbyard.blobs import Blobs
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.live_runs import LiveTask
from nbyard.dispatch.state.round_changes import RoundChanges
from nbyard.errors import NotFound
from nbyard.reasons.structs import Reason, because


def reuse_named_result(context: DispatchContext, changes: RoundChanges, task: LiveTask) -> bool:
    """Reuse the result that the plan names; return False if it is gone and must be computed.

    Raises:
        NotFound: The result is gone, but the node is pinned to it.
    """
    plan, pinned = task.record.plan, task.record.plan.pinned
    with context.store.read() as c:
        origin = context.store.tasks.get(c, plan.reuse)
        run = context.store.runs.by_id(c, origin.run_id) if origin else None
        rows = context.store.artifacts.of_tasks(c, [plan.reuse])[plan.reuse]
        depended = context.store.tasks.key_of(c, plan.reuse)
    if run is None or not keep_and_check_bytes(context, changes, rows, depended):
        if pinned:
            raise NotFound(because("pinned-result-gone", run=pinned))
        return False
    reason = because("pinned", run=pinned) if pinned else because("reused", run=run.number)
    use_earlier_result(changes, task, rows, reason, depended)
    return True


def keep_and_check_bytes(
    context: DispatchContext, changes: RoundChanges, rows: list[Any], columns: Mapping[str, Any]
) -> bool:
    """Protect the bytes of a result from collection until the commit; return whether all exist.

    `columns` may name the record of files that the work wrote beside its outputs.
    """
    # Keep before checking: a collection in between would delete the bytes.
    changes.keep_bytes(context.blobs)
    return has_bytes(context.blobs, rows, columns)


def has_bytes(blobs: Blobs, rows: list[Any], columns: Mapping[str, Any]) -> bool:
    """Return whether all bytes of a result are stored."""
    others = columns.get("other_files", {}).get("digest", "")
    digests = [*(row["digest"] for row in rows), *filter(None, [others])]
    return all(map(blobs.exists, digests))


def use_earlier_result(
    changes: RoundChanges, task: LiveTask, rows: list[Any], reason: Reason, columns: dict[str, Any]
) -> None:
    """Mark the task as succeeded and cached.

    `rows` are the outputs of the earlier result, and `columns` further values of the task's row.
    """
    outcome = {"cached": True, "reason": reason, "finished_at": datetime.now(UTC)}
    changes.link(task, rows)
    changes.move_task(task, "succeeded", **outcome, **columns)
