"""Apply reports about attempts to their tasks: facts in, changes out, without side effects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard.dispatch.state.attempt_reports import (
    Ended,
    Fact,
    NotBegun,
    Running,
    Started,
    WaitEnded,
    Waits,
)
from nbyard.dispatch.state.live_runs import LiveAttempt
from nbyard.dispatch.state.round_changes import CANCELLED, TURN, RoundChanges
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.domain.task_retries import is_retried
from nbyard.reasons.structs import because

UNKNOWN = Failure("error", because("no-message"))


def apply_fact(changes: RoundChanges, attempt: LiveAttempt, fact: Fact) -> None:
    """Apply one fact to the changes of this round; known facts change nothing."""
    match fact:
        case Started(site, at) if attempt.record.state == "recorded":
            changes.move_attempt(attempt, "starting", site=site, prepared_at=at)
            changes.note_wait(attempt.task, None)
        case WaitEnded(rows):
            why = attempt.task.record.reason
            if why is not None and why.code != "continues":
                changes.note_reason(attempt.task, because("continues", reason=why, rows=rows))
        case Waits(what):
            changes.note_wait(attempt.task, what)
        case Running(at):
            changes.note_wait(attempt.task, None)
            if attempt.record.state == "recorded":  # its dispatcher died right after the start
                changes.move_attempt(attempt, "starting")
            elif attempt.record.state == "starting":
                changes.move_attempt(attempt, "running", started_at=at)
                changes.move_task(attempt.task, "running", started_at=at)
        case Ended():
            _end(changes, attempt, fact)
        case NotBegun():
            changes.pass_on(attempt)


def _end(changes: RoundChanges, attempt: LiveAttempt, ended: Ended) -> None:
    task, result = attempt.task, ended.result
    if ended.how == "succeeded":
        if attempt.record.state == "recorded":  # it was never seen running
            changes.move_attempt(attempt, "starting")
        changes.note_wait(task, None)
        changes.move_attempt(attempt, "succeeded", **_times(result))
        changes.publish(task, ended.rows)
        if ended.is_as_keyed:
            changes.keep(task)
        columns = _warning_and_files(ended)
        if result and result.observed:
            columns["observed"] = msgspec.to_builtins(result.observed)
        changes.move_task(task, "succeeded", **columns, **_task_times(result))
    elif ended.how == "cancelled" or (ended.how == "lost" and task.run.is_cancelled):
        # A process that is stopped may leave no result. In a cancelled run, that is no loss.
        changes.move_attempt(attempt, "cancelled", **_times(result))
        changes.move_task(task, "cancelled", reason=CANCELLED, **_task_times(result))
    else:
        _fail(changes, attempt, ended)


def _fail(changes: RoundChanges, attempt: LiveAttempt, ended: Ended) -> None:
    """Queue the task again at its old place if its plan allows a retry, else fail it.

    The attempt keeps its own record.
    """
    task, number = attempt.task, attempt.record.number
    failure = ended.failure or UNKNOWN
    reason = ended.reason or failure.reason
    plan = task.record.plan
    will_retry = not task.run.is_cancelled and is_retried(plan, failure.kind, number, task.lost)
    changes.move_attempt(attempt, ended.how, reason=reason, **_times(ended.result))
    if will_retry:
        # Pause before queueing, because the queue limit counts from the end of the pause.
        task.set_pause(datetime.now(UTC))
        code = "attempt-lost" if ended.how == "lost" else "attempt-failed"
        why = because(code, number=number, cause=reason)
        changes.move_task(task, "queued", reason=why, waits=TURN)
        return
    if ended.how == "lost":
        reason = because("lost-often", cause=reason, count=task.lost)
        failure = Failure("lost", reason)
    columns: dict[str, Any] = {"reason": reason, "failure": msgspec.to_builtins(failure)}
    columns |= _warning_and_files(ended)
    # Even a failed attempt may have kept something, such as the executed notebook.
    changes.publish(task, ended.rows)
    changes.move_task(task, "failed", **columns, **_task_times(ended.result))


def _warning_and_files(ended: Ended) -> dict[str, Any]:
    """Return the task's columns beside its results: warning and other files."""
    columns: dict[str, Any] = {"warning": ended.warning} if ended.warning else {}
    if ended.others:
        columns["other_files"] = msgspec.to_builtins(ended.others)
    return columns


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
