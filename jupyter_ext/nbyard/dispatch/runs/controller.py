"""The controller of runs.

A round applies reports, decides on the board (the live runs in memory) and writes all decisions in
one transaction. Then it executes them.

    inbox, news ─▶ apply_fact, ready_tasks, queue ─▶ changes ─▶ transaction ─▶ threads ─▶ inbox
"""

import contextlib
import logging
import time
from collections.abc import Collection, Iterable
from functools import partial

from nbyard.attempts import folders
from nbyard.dispatch.attempts.clean_up import CleanUps
from nbyard.dispatch.attempts.controller import AttemptController
from nbyard.dispatch.attempts.function_workers import (
    delete_attempt_files,
    files_of,
    order_of,
    worker_snapshot,
)
from nbyard.dispatch.context import DispatchContext, Turn
from nbyard.dispatch.runs.queue import QueueController
from nbyard.dispatch.runs.ready_tasks import ReadyTasks
from nbyard.dispatch.state.attempt_snapshot import (
    AttemptGone,
    Ended,
    Report,
    ReportInbox,
    Waits,
    WorkerLeft,
    snapshot_of,
)
from nbyard.dispatch.state.live_runs import CANCELLED, LiveAttempt, LiveRuns, LiveWorker
from nbyard.dispatch.state.round_changes import RoundChanges, apply_fact
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.slots import Slots
from nbyard.domain.users.admin import Drain
from nbyard.errors import Busy, NbyardError
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import EndsRuns
from nbyard.store.events import EventSubject
from nbyard.store.leases import LeaseLost
from nbyard.store.runs.quotas import TOPIC
from nbyard.store.transition import StaleState

log = logging.getLogger("nbyard.dispatch")
FULL_ROUND_SECONDS = 30.0  # between full comparisons of the board with the store
LOOK_SECONDS = 0.25  # between checks of all attempts, which may not report changes
LOOK_SECONDS_EACH = 0.005  # per attempt: many attempts are checked less often
LINGER_SECONDS = 0.1  # delay of writes that are not urgent, to batch them
TRIES = 3  # failed rounds with one report before its attempt fails


class RunController:
    """The only writer of the states of live runs; one thread calls it."""

    def __init__(
        self, context: DispatchContext, threads: Threads, inbox: ReportInbox, clean_ups: CleanUps
    ):
        self._context = context
        self._store = context.store
        self._threads = threads
        self._inbox = inbox
        self._clean_ups = clean_ups
        self.board = LiveRuns(context.store)
        self.candidates = ReadyTasks(context, self.board, threads, inbox)
        self.attempts = AttemptController(context, self.candidates.identities)
        self._queue = QueueController(context, self.board, self.candidates, self.attempts)
        self._changes = RoundChanges(self._store, self.board)
        self._cursor = -1
        self._trouble: dict[str, int] = {}
        self._wanted: set[str] = set()
        self._unsure: list[RoundChanges] = []
        self._next_full_round = 0.0
        self._next_look = 0.0
        self._write_at = 0.0

    def tick(self, woken: Collection[str] | None = None, *, has_news: bool = True) -> bool:
        """Execute a round, then check the attempts in `woken` (None: all).

        Return whether any run is live, or any clean-up pending.
        """
        self._clean_ups.tick()
        if has_news or self._cursor < 0:
            self._catch_up()
        # A report with which a round failed before gets a round of its own.
        taken = self._inbox.take()
        alone = [[report] for report in taken if report.attempt_id in self._trouble]
        together = [report for report in taken if report.attempt_id not in self._trouble]
        for reports in (together, *alone):
            flush = woken is None
            changes, was_empty = self._changes, not self._changes
            try:
                self._take(reports)
                self._begin()
                self.candidates.maps.advance(changes)
                is_new = self.candidates.evaluate_new(changes)
                is_thorough = is_new or flush or has_news
                if reports or is_thorough or self._queue.is_behind:
                    self._queue.serve(changes, thoroughly=is_thorough)
                    self._wanted |= self._queue.readmitted
                if was_empty:
                    self._write_at = time.monotonic() + LINGER_SECONDS
                if changes.is_urgent or (changes and (flush or time.monotonic() >= self._write_at)):
                    self._commit(changes)
            except BaseException as error:
                self._unsure.append(changes)  # the write may have succeeded nevertheless
                self.reread_everything(reports, error)
                raise
        self._drive_woken(woken)
        return bool(self.board.runs or self._clean_ups)

    def live(self) -> list[LiveAttempt]:
        """Return the live attempts of all runs."""
        return list(self.board.attempts.values())

    def slots(self, turn: Turn) -> Slots:
        """Return the slots that a deployment may get at this turn."""
        return self._queue.slots(turn)

    def seconds_until_due(self) -> float:
        """Return the seconds until the next round is due without events."""
        candidates = self.candidates
        behind = (self._queue.is_behind, candidates.is_behind, candidates.maps.is_behind)
        if any(behind) or self.board.untouched:
            return 0.0
        due = [self._next_look if self.board.attempts else self._next_full_round]
        if self._changes:
            due.append(self._write_at)
        wait = min(due) - time.monotonic()
        return max(min(wait, self.candidates.seconds_until_due()), 0.0)

    # News

    def _catch_up(self) -> None:
        """Read what others wrote; at intervals, compare everything with the store."""
        is_due = time.monotonic() >= self._next_full_round
        with self._store.read() as c:
            drain = self._store.announcements.get(c, Drain)
            self._queue.drain = because("draining", why=drain.text) if drain else None
            # Changes that are not written yet make the board differ from the store.
            if is_due and not self._changes:
                if not self._context.is_held(c):  # another dispatcher's work must not start twice
                    raise LeaseLost()
                self._cursor = self._store.events.newest_id(c)
                self.board.read_all(c)
                self._queue.shares.read(c)
                # The board now shows which changes of failed rounds exist.
                unsure, self._unsure = self._unsure, []
                for changes in unsure:
                    self._clear(changes)
                self._next_full_round = time.monotonic() + FULL_ROUND_SECONDS
                return
            news = self._store.events.all_subjects_after(c, self._cursor)
            if has_quota(news):
                self._queue.shares.read(c)
            of_tasks = {news_item.run_id for news_item in news if news_item.topic == "task"}
            if not of_tasks & self._changes.runs():
                self.board.catch_up(c, news)
                self._cursor = max([self._cursor, *(news_item.id for news_item in news)])
                return
        # A user cancels or retries elements: pending changes do not fit the tasks.
        self._unsure.append(self._changes)
        self.reread_everything([], StaleState())
        self._catch_up()

    # Round

    def _take(self, reports: list[Report]) -> None:
        for report in reports:
            self._changes.hold.callback(report.release)
            # Such an attempt has already left the board.
            if AttemptGone() in report.facts:
                self._queue.leftovers.pop(report.attempt_id, None)
                continue
            unit = self._unit(report.attempt_id)
            if unit is None:
                continue
            unit.busy = False
            if isinstance(unit, LiveWorker):
                unit.has_left |= WorkerLeft() in report.facts
            else:
                self._apply(unit, report)
            if unit.again:
                unit.again = False
                self._wanted.add(unit.id)
        self._changes.apply_follow_ups()

    def _unit(self, name: str) -> LiveAttempt | LiveWorker | None:
        return self.board.attempts.get(name) or self.board.workers.get(name)

    def _apply(self, attempt: LiveAttempt, report: Report) -> None:
        """Apply the facts of a report, or a failure if it could not be written 3 times."""
        facts = report.facts
        if self._trouble.get(attempt.id, 0) >= TRIES:
            facts = [Ended("failed", Failure("preparation", because("report-not-stored")))]
        for fact in facts:
            if attempt.id in self.board.attempts:
                if isinstance(fact, Ended) and fact.result is None and attempt.record.gpus:
                    # Without a result, its processes may live on and use the GPUs.
                    self._queue.leftovers[attempt.id] = attempt
                if isinstance(fact, Ended) and fact.result is not None and attempt.worker:
                    self._queue.placing.learn_duration(attempt.task.record.plan, fact.result)
                apply_fact(self._changes, attempt, fact)

    def _begin(self) -> None:
        begun, self.board.untouched = self.board.untouched, {}
        for run_id in begun:
            run = self.board.runs[run_id]
            self._changes.begin(run)
            live = (task.attempt for task in run.tasks.values())
            self._wanted.update(each.id for each in live if each and each.is_cancelled)

    def _commit(self, changes: RoundChanges) -> None:
        with self._context.write() as c:
            news = self._store.events.all_subjects_after(c, self._cursor)
            # Another writer may have changed a run of these changes, for example to cancel it.
            if {news_item.run_id for news_item in news} & changes.runs():
                raise StaleState("a run was changed meanwhile")
            # From now on, their bytes are stored.
            self._context.forget_written(attempt.record.task_id for attempt in changes.ended)
            changes.write(c)
            shares = self._queue.shares
            shares.check_grants(c, changes.recorded, changed=has_quota(news))
            used = shares.add_used(c, changes.ended)
            last = self._store.events.newest_id(c)
        shares.used |= used
        self._changes = RoundChanges(self._store, self.board)
        changes.hold.close()
        changes.pass_crash_points()
        for attempt in changes.recorded:
            if attempt.worker is None:
                self.attempts.grant_slots(attempt.record.id)
        # News between the read and the write have not been applied yet.
        self._cursor = last
        if news:
            with self._store.read() as c:
                self.board.catch_up(c, news)
        self.candidates.reevaluate_after(list(changes.kept))
        self._clear(changes)
        self._drive_all([*changes.recorded, *changes.passed_on.values()])

    def _clear(self, changes: RoundChanges) -> None:
        """Clean up attempts, runs and workers whose end is stored."""
        given: list[LiveAttempt] = []
        for attempt in changes.ended:
            if attempt.record.id not in self.board.attempts:
                self._trouble.pop(attempt.record.id, None)
                if attempt.worker is not None:
                    given.append(attempt)
                    continue
                snapshot = snapshot_of(self._context, attempt)
                key, clear = f"clear {snapshot.attempt.id}", partial(self.attempts.clear, snapshot)
                self._clean_ups.add(key, clear, snapshot.attempt.runtime)
        for run_id in (each for each in changes.ended_runs if each not in self.board.runs):
            for name, runtime in self._context.runtimes.items():
                if isinstance(runtime, EndsRuns):  # it keeps resources for the run
                    key = f"end {name} {run_id}"
                    self._clean_ups.add(key, partial(runtime.end_run, run_id), name)
        if files := files_of(self._context, given):
            self._clean_ups.add(f"tidy {files[0]}", partial(delete_attempt_files, files))
        left, self.board.left = self.board.left, []
        for worker in left:
            if worker.id not in self.board.workers:
                clear = partial(self.attempts.clear_worker, order_of(self._context, worker))
                self._clean_ups.add(f"clear {worker.id}", clear, PROCESS)

    def reread_everything(self, reports: list[Report], error: BaseException) -> None:
        """Clear the board, so that the next round reads it again."""
        self._changes.hold.close()
        # These errors pass, or end this dispatcher. Any other error may come from a report, and
        # would repeat with that report.
        if not isinstance(error, LeaseLost | Busy | StaleState | NbyardError):
            for report in reports:
                self._trouble[report.attempt_id] = self._trouble.get(report.attempt_id, 0) + 1
        self.board.clear()
        self._changes = RoundChanges(self._store, self.board)
        self._cursor = -1
        self._next_full_round = self._next_look = 0.0

    # Execution

    def _drive_woken(self, woken: Collection[str] | None) -> None:
        everyone = woken is None or time.monotonic() >= self._next_look
        if everyone:
            pause = max(LOOK_SECONDS, LOOK_SECONDS_EACH * len(self.board.driven_ids()))
            self._next_look = time.monotonic() + pause
        names = self.board.driven_ids() if everyone else self._wanted | set(woken or ())
        self._wanted.clear()
        self._drive_all([unit for name in names if (unit := self._unit(name))])
        if everyone:
            for attempt in list(self._queue.leftovers.values()):
                self._watch_remains(attempt)

    def _watch_remains(self, attempt: LiveAttempt) -> None:
        """Free the GPUs of an ended attempt as soon as its processes are gone."""
        name, runtime = attempt.record.id, attempt.record.runtime
        is_gone = partial(self.attempts.is_gone, snapshot_of(self._context, attempt))

        def report(is_gone: bool | None) -> None:
            if is_gone:
                self._inbox.put(Report(name, [AttemptGone()]))

        self._threads.submit(f"remains {name}", is_gone, then=report, runtime=runtime)

    def _drive_all(self, live_units: Iterable[LiveAttempt | LiveWorker]) -> None:
        """Drive each attempt, or its worker once."""
        units = [
            live_unit if isinstance(live_unit, LiveWorker) else live_unit.worker or live_unit
            for live_unit in live_units
        ]
        for unit in dict.fromkeys(units):
            if isinstance(unit, LiveAttempt) or unit.attempts:
                self._drive(unit)

    def _drive(self, unit: LiveAttempt | LiveWorker) -> None:
        """Drive an attempt or worker in a thread, or again after its current thread."""
        folder, name = folders.attempt_folder_of(self._context.folder, unit.id), unit.id
        if unit.is_cancelled:
            # also stops an attempt whose thread is busy starting it
            with contextlib.suppress(OSError):  # repeated at the next check
                folders.request_stop(folder, CANCELLED)
        if unit.busy:
            unit.again = True
            # The thread that starts the attempt waits for its image, and cannot report that.
            if (
                isinstance(unit, LiveAttempt)
                and unit.record.state == "recorded"
                and folders.is_preparing_image(folder)
            ):
                apply_fact(self._changes, unit, Waits(because("waits-for-image")))
            return
        snapshot = (
            snapshot_of(self._context, unit)
            if isinstance(unit, LiveAttempt)
            else worker_snapshot(self._context, unit)
        )
        unit.busy = self._threads.submit(
            name,
            partial(self.attempts.drive, snapshot),
            partial(self.attempts.give_up, snapshot),
            lambda reports: self._put(reports or [Report(name, [])]),
            runtime=snapshot.attempt.runtime,
        )

    def _put(self, reports: list[Report]) -> None:
        for report in reports:
            self._inbox.put(report)


def has_quota(news: Iterable[EventSubject]) -> bool:
    """Return whether a quota has changed."""
    return any(news_item.topic == TOPIC for news_item in news)
