"""Collect what a message says: the run, its duration compared with usual, and its failure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from nbyard.attempts.folders import attempt_folder_of
from nbyard.domain.attempts.structs import LOG
from nbyard.domain.notices.messages import FailedNode, NoticeContent, last_lines
from nbyard.domain.runs.previews.estimates import usual_seconds
from nbyard.host import clock
from nbyard.logs.log_pieces import read_piece
from nbyard.reasons.structs import read_reason

if TYPE_CHECKING:
    from nbyard.domain.runs.structs import Run, Task
    from nbyard.store import Connection, Store
    from nbyard.store.notices.outbox import OutboxNotice

# `read_piece` stops at the size of the log, so this position means its last piece.
END_OF_LOG = 1 << 62


def content_of(
    store: Store, c: Connection, outbox_notice: OutboxNotice, base_url: str
) -> NoticeContent:
    """Return what is known about the event of a notice; its run may be deleted by now."""
    notice, facts = outbox_notice.notice, outbox_notice.facts
    run = store.runs.by_id(c, notice.run_id) if notice.run_id else None
    due = facts.get("due_at")
    past = []
    if run and run.path:
        past = store.history.of_file(c, outbox_notice.owner, run.path, before=run.id)
    # Retries and runs of backfills have the schedule as well; the source may also be a trigger.
    source = run.origin.source_id if run else ""
    schedule = store.schedules.by_id(c, source) if source else None
    duration = None
    if run and run.started_at:
        end = run.finished_at or clock.now()
        duration = max(0.0, (end - run.started_at).total_seconds())
    return NoticeContent(
        event=notice.event,
        event_id=notice.event_id,
        title=notice.title,
        at=notice.created_at,
        run_id=notice.run_id,
        file=run.path.rpartition("/")[2] if run else "",
        number=run.number if run else int(facts.get("number", 0)),
        state=run.state if run else "",
        seconds=duration,
        usual_seconds=usual_seconds(past),
        failed=_failed(store, c, run) if run and notice.event == "failed" else None,
        reason=read_reason(facts.get("reason")),
        due_at=datetime.fromisoformat(due) if isinstance(due, str) else None,
        count=int(facts.get("count", 1)),
        link=link_to(base_url, notice.run_id) if run else "",
        schedule=schedule.schedule.name if schedule else "",
    )


def link_to(base_url: str, run_id: str) -> str:
    """Return the address that shows a run in JupyterLab; empty without a base address."""
    return f"{base_url.rstrip('/')}/lab?nbyard-run={run_id}" if base_url else ""


def _failed(store: Store, c: Connection, run: Run) -> FailedNode | None:
    task = store.tasks.first_failed(c, run.id)
    if task is None:
        return FailedNode("", run.reason) if run.reason else None
    failure = task.failure
    reason = failure.reason if failure else task.reason
    # Users count cells from 1.
    cell = failure.cell + 1 if failure and failure.cell is not None else None
    text = failure.traceback if failure else ""
    lines = last_lines(text or _log(store, c, task))
    return FailedNode(task.label or task.node, reason, cell, lines)


def _log(store: Store, c: Connection, task: Task) -> str:
    """Return the end of the log of the newest attempt; secrets in it are masked."""
    attempt = store.attempts.newest_of(c, [task.id]).get(task.id)
    if attempt is None:
        return ""
    path = attempt_folder_of(store.folder, attempt.id, attempt.worker) / LOG
    return read_piece(path, 0, END_OF_LOG, done=True).text
