"""Sends waiting notices in threads, one message of a channel at a time; announces long runs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec

import nbyard
from nbyard.attempts.folders import attempt_folder_of
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import LOG
from nbyard.domain.ids import new_id
from nbyard.domain.lineage.openlineage import Event, run_events
from nbyard.domain.notices.messages import (
    FailedNode,
    NoticeContent,
    last_lines,
    message_of,
    next_messages,
)
from nbyard.domain.notices.rules import (
    Occurrence,
    StoredRule,
    long_after,
    projects_in,
    rule_matches,
)
from nbyard.domain.notices.structs import (
    Channel,
    Delivery,
    Message,
    NoticeEvent,
    Receiver,
    pause_seconds,
)
from nbyard.domain.runs.previews.estimates import usual_seconds
from nbyard.errors import Conflict, StoreUnusable, reason_of
from nbyard.host import clock
from nbyard.ipc.crash_points import crash_point
from nbyard.logs.log_files import read_piece
from nbyard.reasons.structs import read_reason
from nbyard.store.database.project_filter import projects_of_runs
from nbyard.store.notices.announce import announce_long
from nbyard.transfer.notices.sender import send_message

if TYPE_CHECKING:
    from nbyard.domain.runs.structs import Run, Task
    from nbyard.store import Connection, Store
    from nbyard.store.notices.announce import OutboxNotice

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
    # Retries and runs of backfills have the automation as well.
    source = run.origin.source_id if run else ""
    automation = store.automations.by_id(c, source) if source else None
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
        automation=automation.automation.name if automation else "",
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


ENDS: tuple[NoticeEvent, ...] = ("succeeded", "failed", "cancelled", "recovered")
# The events of more tasks could not be sent in time.
MOST_TASKS = 100


def lineage_events(store: Store, c: Connection, group: Iterable[OutboxNotice]) -> list[Event]:
    """Return OpenLineage events for the notices about ended runs.

    A run with more than 100 tasks has no events of its tasks.
    """
    # A channel that reports a recovery does not report the same success too.
    ended = [each.notice.run_id for each in group if each.notice.event in ENDS]
    all_events: list[Event] = []
    for run_id in dict.fromkeys(ended):
        run = store.runs.by_id(c, run_id)
        if run is None:  # it was deleted
            continue
        record = store.lineage.run_record(c, run)
        events = run_events(record, nbyard.__version__)
        if len(record.tasks) > MOST_TASKS:
            events = [event for event in events if event["run"]["runId"] == run.id]
        all_events += events
    return all_events


Send = Callable[[Receiver, Message], Delivery]


class Deliveries:
    """Sends the messages of channels; tests can replace `send` and the random numbers of `luck`."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self.send: Send = partial(send_message, stopping=context.stopping.is_set)
        self.luck: Callable[[], float] = random.random
        # Messages with which the server failed. Others of their channel do not wait for them.
        self._retry_at: dict[str, datetime] = {}

    def next_retry(self, now: datetime) -> datetime | None:
        """Return the earliest later time at which a single message is tried again."""
        return min((at for at in [*self._retry_at.values()] if at > now), default=None)

    def deliver(self, channel_id: str) -> bool:
        """Send or postpone one message of a channel; return False if there was nothing to do.

        The events of a message are stored before it is sent. So a message that a crash repeats has
        the same events and IDs.
        """
        now = clock.now()
        with self._store.read() as c:
            channel = self._store.channels.by_id(c, channel_id)
            all_waiting = self._store.notices.waiting(c, channel_id)
        waiting = [
            each for each in all_waiting if self._retry_at.get(each.notice.message_id, now) <= now
        ]
        if channel is None or not waiting or self._context.stopping.is_set():
            return False
        begun = (each.notice.message_id for each in waiting if each.notice.message_id)
        message_id = next(begun, "") or self._group(channel, waiting, now)
        if message_id:
            with self._store.read() as c:
                waiting = self._store.notices.waiting(c, channel_id)
            members = [each for each in waiting if each.notice.message_id == message_id]
            self._try(channel, message_id, members)
        return True

    def _group(self, channel: Channel, waiting: list[OutboxNotice], now: datetime) -> str:
        """Store which notices form the next message; return its ID, empty if it must wait."""
        since = now - timedelta(seconds=channel.digest.window_seconds)
        with self._context.write() as c:
            sent = self._store.notices.sent_times(c, channel.id, since)
            ids = [each.notice.id for each in waiting]
            # A pause without an error comes from the digest limit, not from a failed delivery.
            held = channel.retry_at is not None and channel.error is None
            groups, later = next_messages(ids, sent, channel.digest, now, were_held=held)
            if later is not None:
                self._store.channels.pause_until(c, channel, later)
            if not groups:
                return ""
            message_id = new_id()
            self._store.notices.assign(c, groups[0], message_id)
        return message_id

    def _try(self, channel: Channel, message_id: str, group: list[OutboxNotice]) -> None:
        if not group:  # the channel was deleted
            return
        delivery = self._send(channel, message_id, group)
        crash_point("notice-sent")
        # Without an answer because this dispatcher stops, the next one repeats the message.
        if delivery.reason is not None and self._context.stopping.is_set():
            return
        self._retry_at.pop(message_id, None)
        with self._context.write() as c:
            if delivery.reason is not None:
                self._note_failed(c, channel, message_id, group[0].notice.attempts + 1, delivery)
                return
            now = clock.now()
            self._store.notices.note_sent(c, channel.id, message_id, now)
            self._store.channels.note_sent(c, channel, now)

    def _send(self, channel: Channel, message_id: str, group: list[OutboxNotice]) -> Delivery:
        source = f"/nbyard/{self._store.id}"
        try:
            with self._store.read() as c:
                receiver = self._store.channels.with_url(c, channel)
                base = self._context.settings.public_url
                base = base or self._store.channels.secret(c, channel).base_url
                base = base or self._store.facts.get(c, "server_url") or ""
                contents = [content_of(self._store, c, each, base) for each in group]
                message = message_of(contents, message_id, source)
                if channel.kind == "openlineage":
                    events = lineage_events(self._store, c, group)
                    message = msgspec.structs.replace(message, events=events)
        except (Conflict, StoreUnusable) as error:  # the URL cannot be decrypted
            return Delivery(reason_of(error))
        return self.send(receiver, message)

    def _note_failed(
        self, c: Connection, channel: Channel, message_id: str, attempts: int, delivery: Delivery
    ) -> None:
        """Record a failed delivery as final, or with the time of the next attempt."""
        reason, now = delivery.reason, clock.now()
        assert reason is not None
        pause = pause_seconds(attempts, delivery, self.luck())
        retry_at = None if pause is None else now + timedelta(seconds=pause)
        of_channel = retry_at
        if retry_at is not None and delivery.is_of_message:
            self._retry_at[message_id], of_channel = retry_at, None
        self._store.notices.note_failed(
            c, channel.id, message_id, reason, is_final=retry_at is None
        )
        self._store.channels.note_failed(c, channel, now, reason, of_channel)


EVENT: NoticeEvent = "running-long"


class LongRuns:
    """Compares running runs with the times in rules; each channel learns of a run once."""

    def __init__(self, context: DispatchContext):
        self._context = context
        self._store = context.store
        self._usual: dict[str, float | None] = {}
        self._announced: set[tuple[str, str]] = set()

    def announce(self, now: datetime) -> None:
        """Write notices about the runs that take long by now."""
        with self._store.read() as c:
            owners = self._store.rules.owners_of(c, EVENT)
            running = self._store.runs.running(c, owners) if owners else []
            rules = {owner: self._store.rules.of_owner(c, owner) for owner in owners}
            named = {owner: projects_in(own) for owner, own in rules.items()}
            late = {
                run.id: self._rules_to_announce(c, run, rules[run.owner], named[run.owner], now)
                for run in running
            }
        live = {run.id for run in running}
        self._usual = {run_id: usual for run_id, usual in self._usual.items() if run_id in live}
        self._announced = {key for key in self._announced if key[0] in live}
        rules_by_run = {run_id: passed for run_id, passed in late.items() if passed}
        if not rules_by_run:
            return
        with self._context.write() as c:
            for run_id, passed in rules_by_run.items():
                announce_long(c, run_id, passed)
        # A new dispatcher does not know these. `announce` skips notices that exist already.
        self._announced |= {
            (run, rule.channel_id) for run, all_ in rules_by_run.items() for rule in all_
        }

    def _rules_to_announce(
        self, c: Connection, run: Run, rules: list[StoredRule], named: set[str], now: datetime
    ) -> list[StoredRule]:
        """Return the rules whose time has passed, and whose channel does not know it yet."""
        if run.started_at is None:
            return []
        if run.id not in self._usual:
            past = self._store.history.of_file(c, run.owner, run.path) if run.path else []
            self._usual[run.id] = usual_seconds(past)
        projects = projects_of_runs(c, named, {run.id})[run.id]
        source = run.origin.source_id
        occurrence = Occurrence(EVENT, "", run.owner, "", run.path, source, run.id, projects)
        elapsed = (now - run.started_at).total_seconds()
        return [
            rule
            for rule in rules
            if rule_matches(rule, occurrence)
            and (run.id, rule.channel_id) not in self._announced
            and (after := long_after(rule.rule, self._usual[run.id])) is not None
            and elapsed >= after
        ]


LONG_SECONDS = 5.0  # between checks for runs that take long
NEVER = float("inf")


class NoticeController:
    """Sends waiting notices; each channel has at most one message under way.

    `wake` wakes the loop after a message. `is_waiting` is set while any notice waits.
    """

    def __init__(self, context: DispatchContext, threads: Threads, wake: Callable[[], None]):
        self._context = context
        self._threads = threads
        self._wake = wake
        self.deliveries = Deliveries(context)
        self.long_runs = LongRuns(context)
        self._next_look = 0.0
        self._next_long = 0.0
        self.is_waiting = False

    def tick(self, *, has_time: bool = True) -> None:
        """Start the messages that are due."""
        if has_time and time.monotonic() >= self._next_long:
            self._next_long = time.monotonic() + LONG_SECONDS
            self.long_runs.announce(clock.now())
        if has_time or time.monotonic() >= self._next_look:
            now = clock.now()
            with self._context.store.read() as c:
                self.is_waiting = self._context.store.notices.is_waiting(c)
                due = self._context.store.notices.due(c, now) if self.is_waiting else []
                following = (
                    self._context.store.notices.next_retry(c, now) if self.is_waiting else None
                )
            # Before the threads start: one that ends at once asks for another look.
            self._next_look = NEVER
            nexts = [at for at in (following, self.deliveries.next_retry(now)) if at is not None]
            if nexts:
                self._next_look = time.monotonic() + (min(nexts) - now).total_seconds()
            for channel_id in due:
                work = partial(self.deliveries.deliver, channel_id)
                self._threads.submit(f"channel {channel_id}", work, then=self._done)

    def seconds_until_due(self) -> float:
        """Return the seconds until a channel is tried again."""
        return max(self._next_look - time.monotonic(), 0.0)

    def _done(self, has_acted: bool | None) -> None:
        """Look again: the channel may have more notices, or a time for its next attempt."""
        if has_acted:
            self._next_look = 0.0
            self._wake()
