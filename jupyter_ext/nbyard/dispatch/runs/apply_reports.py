"""Apply reports about attempts to their tasks: facts in, changes out, without side effects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard.dispatch.state.board import LiveAttempt
from nbyard.dispatch.state.reports import Ended, Fact, GoesOn, Running, Started, Unbegun, Waits
from nbyard.dispatch.state.round_changes import CANCELLED, TURN, Changes
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.reasons.structs import Reason, because

UNKNOWN = Failure("error", because("no-message"))


def apply(changes: Changes, attempt: LiveAttempt, fact: Fact) -> None:
    """Apply one fact to the changes of this round; known facts change nothing."""
    match fact:
        case Started(site, at):
            if attempt.record.state == "recorded":
                changes.move_attempt(attempt, "starting", site=site, prepared_at=at)
                changes.note_wait(attempt.task, None)
        case GoesOn(rows):
            why = attempt.task.record.reason
            if why is not None and why.code != "continues":
                changes.note_reason(attempt.task, because("continues", reason=why, rows=rows))
        case Waits(what):
            changes.note_wait(attempt.task, what)
        case Running(at):
            _run(changes, attempt, at)
        case Ended():
            _end(changes, attempt, fact)
        case Unbegun():
            changes.pass_on(attempt)


def _run(changes: Changes, attempt: LiveAttempt, at: datetime) -> None:
    changes.note_wait(attempt.task, None)
    if attempt.record.state == "recorded":  # its dispatcher died right after the start
        changes.move_attempt(attempt, "starting")
    elif attempt.record.state == "starting":
        changes.move_attempt(attempt, "running", started_at=at)
        changes.move_task(attempt.task, "running", started_at=at)


def _end(changes: Changes, attempt: LiveAttempt, ended: Ended) -> None:
    is_cancelled = attempt.task.run.is_cancelled
    if ended.how == "succeeded":
        _succeed(changes, attempt, ended)
    elif ended.how == "cancelled" or (ended.how == "lost" and is_cancelled):
        _cancel(changes, attempt, ended.result)
    elif not _again(changes, attempt, ended):
        _fail(changes, attempt, ended)


def _succeed(changes: Changes, attempt: LiveAttempt, ended: Ended) -> None:
    if attempt.record.state == "recorded":  # it was never seen running
        changes.move_attempt(attempt, "starting")
    changes.note_wait(attempt.task, None)
    changes.move_attempt(attempt, "succeeded", **_times(ended.result))
    changes.publish(attempt.task, ended.rows)
    if ended.is_as_keyed:
        changes.keep(attempt.task)
    told = _told(ended)
    if ended.result and ended.result.observed:
        told["observed"] = msgspec.to_builtins(ended.result.observed)
    changes.move_task(attempt.task, "succeeded", **told, **_task_times(ended.result))


def _cancel(changes: Changes, attempt: LiveAttempt, result: Result | None) -> None:
    changes.move_attempt(attempt, "cancelled", **_times(result))
    changes.move_task(attempt.task, "cancelled", reason=CANCELLED, **_task_times(result))


def _again(changes: Changes, attempt: LiveAttempt, ended: Ended) -> bool:
    """Queue the task again at its old place; return whether its plan allows a retry.

    The attempt keeps its own record.
    """
    task, number = attempt.task, attempt.record.number
    failure = ended.failure or UNKNOWN
    if task.run.is_cancelled or not task.record.plan.tries_again(failure.kind, number, task.lost):
        return False
    cause = _reason(ended)
    changes.move_attempt(attempt, ended.how, reason=cause, **_times(ended.result))
    # Pause before queueing, because the queue limit counts from the end of the pause.
    task.pause(datetime.now(UTC))
    code = "attempt-lost" if ended.how == "lost" else "attempt-failed"
    reason = because(code, number=number, cause=cause)
    changes.move_task(task, "queued", reason=reason, waits=TURN)
    return True


def _fail(changes: Changes, attempt: LiveAttempt, ended: Ended) -> None:
    """Fail the task and publish what was kept, such as the executed notebook."""
    failure = ended.failure or UNKNOWN
    reason = _reason(ended)
    changes.move_attempt(attempt, ended.how, reason=reason, **_times(ended.result))
    if ended.how == "lost":
        reason = because("lost-often", cause=reason, count=attempt.task.lost)
        failure = Failure("lost", reason)
    told: dict[str, Any] = {"reason": reason, "failure": msgspec.to_builtins(failure)}
    told |= _told(ended)
    changes.publish(attempt.task, ended.rows)
    changes.move_task(attempt.task, "failed", **told, **_task_times(ended.result))


def _reason(ended: Ended) -> Reason:
    """Return why the attempt failed or was lost."""
    return ended.reason or (ended.failure or UNKNOWN).reason


def _told(ended: Ended) -> dict[str, Any]:
    """Return the task's columns beside its results: warning and other files."""
    found: dict[str, Any] = {"warning": ended.warning} if ended.warning else {}
    if ended.others:
        found["other_files"] = msgspec.to_builtins(ended.others)
    return found


def _times(result: Result | None) -> Mapping[str, Any]:
    if result is None:
        return {"finished_at": datetime.now(UTC)}
    working = result.working_at
    return {
        **_task_times(result),
        "usage": result.usage,
        "working_at": datetime.fromtimestamp(working, UTC) if working else None,
        "published_at": datetime.now(UTC),
    }


def _task_times(result: Result | None) -> Mapping[str, Any]:
    if result is None:
        return {"finished_at": datetime.now(UTC)}
    return {
        "started_at": datetime.fromtimestamp(result.started_at, UTC),
        "finished_at": datetime.fromtimestamp(result.finished_at, UTC),
    }
