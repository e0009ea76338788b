"""The controller of runs. A round: facts come in, what follows from them is decided on the board,
all of it is one write, and then what was written is done.

    inbox, news ─▶ endings, candidates, queue ─▶ changes ─▶ one transaction ─▶ threads ─▶ inbox
"""

import contextlib
import logging
import time
from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path

from nbyard.attempts import folders
from nbyard.dispatch.attempts.controller import AttemptController
from nbyard.dispatch.attempts.function_workers import (
    FunctionController,
    files_of,
    order_of,
    tidy,
    worker_case,
)
from nbyard.dispatch.context import Room, Turn
from nbyard.dispatch.runs import apply_reports
from nbyard.dispatch.runs.queue import QueueController
from nbyard.dispatch.runs.ready_tasks import Candidates
from nbyard.dispatch.state.attempt_snapshot import case_of
from nbyard.dispatch.state.board import Board, LiveAttempt, LiveWorker
from nbyard.dispatch.state.reports import Ended, Fact, Gone, Inbox, Left, Report, Waits
from nbyard.dispatch.state.round_changes import CANCELLED, Changes
from nbyard.dispatch.threads import Threads
from nbyard.domain.runs.slots import Slots
from nbyard.domain.runtime_names import PROCESS
from nbyard.errors import Busy, NbyardError
from nbyard.store.events import News
from nbyard.store.leases import LeaseLost
from nbyard.store.transition import Stale

log = logging.getLogger("nbyard.dispatch")
FULL_ROUND_SECONDS = 30.0  # between comparisons of all that is on the board with the store
LOOK_SECONDS = 0.25  # between looks at all attempts, which nobody has to announce
LOOK_SECONDS_EACH = 0.005  # the same for each of them: many are looked at less often
LINGER_SECONDS = 0.1  # that what is not urgent waits to be written with more
TRIES = 3  # of rounds with one report; then its attempt is given up


class RunController:
    """The only writer of what becomes of runs; called from one thread."""

    def __init__(self, room: Room, threads: Threads, inbox: Inbox):
        self._room = room
        self._store = room.store
        self._threads = threads
        self._inbox = inbox
        self._board = Board(room.store)
        self._candidates = Candidates(room, self._board, threads, inbox)
        self._attempts = AttemptController(room, self._candidates.identities)
        self._functions = FunctionController(room, self._candidates.identities, self._attempts)
        self._queue = QueueController(room, self._board, self._candidates, self._attempts)
        self._changes = Changes(self._store, self._board)
        self._cursor = -1
        self._trouble: dict[str, int] = {}
        self._wanted: set[str] = set()
        self._unsure: list[Changes] = []
        self._next_full_round = 0.0
        self._next_look = 0.0
        self._write_at = 0.0

    def tick(self, woken: Collection[str] | None = None, *, has_news: bool = True) -> bool:
        """A round in which these attempts are looked at (all of them when None); whether any run
        is live."""
        if has_news or self._cursor < 0:
            self._catch_up()
        for reports in self._sorted(self._inbox.take()):
            self._round(reports, flush=woken is None, has_news=has_news)
        self._look(woken)
        return bool(self._board.runs)

    def live(self) -> list[LiveAttempt]:
        """The attempts that are under way."""
        return list(self._board.attempts.values())

    def slots(self, turn: Turn) -> Slots:
        """What tasks leave free now."""
        return self._queue.slots(turn)

    def patience(self) -> float:
        """After how many seconds the next round is due, when nobody wakes us before."""
        if self._queue.is_behind or self._candidates.is_behind:
            return 0.0
        if self._board.untouched:
            return 0.0
        due = [self._next_look if self._board.attempts else self._next_full_round]
        if self._changes:
            due.append(self._write_at)
        wait = min(due) - time.monotonic()
        return max(min(wait, self._candidates.patience()), 0.0)

    # What is new

    def _catch_up(self) -> None:
        """What others wrote. Now and then everything is compared with the store."""
        is_due = time.monotonic() >= self._next_full_round
        with self._store.read() as c:
            if is_due and not self._changes:
                if not self._room.is_held(c):  # what another one does is not to be begun again
                    raise LeaseLost()
                self._cursor = self._store.events.last(c)
                self._board.read_all(c)
                self._clear_unsure()
                self._next_full_round = time.monotonic() + FULL_ROUND_SECONDS
                return
            news = self._store.events.news(c, self._cursor)
            self._board.catch_up(c, news)
        self._cursor = max([self._cursor, *(one.id for one in news)])

    def _sorted(self, reports: list[Report]) -> list[list[Report]]:
        """Reports by rounds: one together, but each on its own whose round has failed before."""
        alone = [report for report in reports if report.attempt_id in self._trouble]
        together = [report for report in reports if report.attempt_id not in self._trouble]
        return [together, *([report] for report in alone)]

    # The round

    def _round(self, reports: list[Report], *, flush: bool, has_news: bool) -> None:
        changes, was_empty = self._changes, not self._changes
        try:
            self._take(reports)
            self._begin()
            is_new = self._candidates.look(changes)
            is_thorough = is_new or flush or has_news
            if reports or is_thorough or self._queue.is_behind:
                self._queue.serve(changes, thoroughly=is_thorough)
                self._wanted |= self._queue.let_in
            if was_empty:
                self._write_at = time.monotonic() + LINGER_SECONDS
            if changes.is_urgent or (changes and (flush or time.monotonic() >= self._write_at)):
                self._commit(changes)
        except BaseException as error:
            self._unsure.append(changes)  # it may have been written all the same
            self._start_over(reports, error)
            raise

    def _take(self, reports: list[Report]) -> None:
        for report in reports:
            self._changes.hold.callback(report.release)
            if Gone() in report.facts:
                self._queue.remains.pop(report.attempt_id, None)
                continue
            attempt = self._board.attempts.get(report.attempt_id)
            if attempt is None:
                self._take_of_worker(report)
                continue
            attempt.busy = False
            for fact in self._bearable(report).facts:
                if attempt.record.id in self._board.attempts:
                    self._learn(attempt, fact)
                    apply_reports.apply(self._changes, attempt, fact)
            if attempt.again:
                attempt.again = False
                self._wanted.add(report.attempt_id)
        self._changes.settle()

    def _take_of_worker(self, report: Report) -> None:
        worker = self._board.workers.get(report.attempt_id)
        if worker is None:
            return
        worker.busy = False
        worker.has_left |= any(isinstance(fact, Left) for fact in report.facts)
        if worker.again:
            worker.again = False
            self._wanted.add(worker.id)

    def _learn(self, attempt: LiveAttempt, fact: Fact) -> None:
        if attempt.record.gpus and isinstance(fact, Ended) and fact.result is None:
            self._queue.remains[attempt.record.id] = attempt
        if attempt.worker is not None and isinstance(fact, Ended) and fact.result is not None:
            self._queue.placing.learn(attempt.task.record.plan, fact.result)

    def _begin(self) -> None:
        begun, self._board.untouched = self._board.untouched, {}
        for run_id in begun:
            run = self._board.runs[run_id]
            self._changes.begin(run)
            if run.is_cancelled:
                live = (task.attempt for task in run.tasks.values())
                self._wanted.update(attempt.record.id for attempt in live if attempt)

    def _bearable(self, report: Report) -> Report:
        """The report, or that it cannot be written down."""
        if self._trouble.get(report.attempt_id, 0) < TRIES:
            return report
        return self._attempts.give_up(report.attempt_id, "unexpected: it cannot be written down")

    def _commit(self, changes: Changes) -> None:
        with self._room.write() as c:
            news = self._store.events.news(c, self._cursor)
            _check(news, changes)
            changes.write(c)
            last = self._store.events.last(c)
        self._changes = Changes(self._store, self._board)
        changes.hold.close()
        changes.pass_crash_points()
        for attempt in changes.recorded:
            if attempt.worker is None:
                self._attempts.admit(attempt.record.id)
        # what others wrote between our look and our write is news still
        self._cursor = last
        if news:
            with self._store.read() as c:
                self._board.catch_up(c, news)
        self._candidates.published(list(changes.kept))
        self._clear(changes)
        self._drive_all([*changes.recorded, *changes.passed_on.values()])

    def _clear(self, changes: Changes) -> None:
        """What is at its end in the store lets go of all it had. What fails here stays for the
        sweep and for the next dispatcher."""
        given: list[LiveAttempt] = []
        for attempt in changes.ended:
            if attempt.record.id not in self._board.attempts:
                self._trouble.pop(attempt.record.id, None)
                if attempt.worker is not None:
                    given.append(attempt)
                    continue
                case = case_of(self._room, attempt)
                key, clear = f"clear {case.attempt.id}", partial(self._attempts.clear, case)
                self._threads.submit(key, clear, runtime=case.attempt.runtime)
        for run_id in changes.ended_runs:
            if run_id not in self._board.runs:
                self._tell_end(run_id)
        if files := files_of(self._room, given):
            self._threads.submit(f"tidy {files[0]}", partial(tidy, files))
        left, self._board.left = self._board.left, []
        for worker in left:
            if worker.id not in self._board.workers:
                order, runtime = order_of(self._room, worker), self._room.runtimes[PROCESS]
                clear = partial(self._functions.clear, order, runtime)
                self._threads.submit(f"clear {worker.id}", clear, runtime=PROCESS)

    def _clear_unsure(self) -> None:
        """What became of changes whose round failed, the board that was read anew knows."""
        unsure, self._unsure = self._unsure, []
        for changes in unsure:
            self._clear(changes)

    def _tell_end(self, run_id: str) -> None:
        """Runtimes that keep something for the run let go of it."""
        for name, runtime in self._room.runtimes.items():
            if end_run := getattr(runtime, "end_run", None):
                key = f"end {name} {run_id}"
                self._threads.submit(key, partial(end_run, run_id), runtime=name)

    def _start_over(self, reports: list[Report], error: BaseException) -> None:
        """The board is read anew, and attempts are looked at again."""
        self._changes.hold.close()
        if not isinstance(error, LeaseLost | Busy | Stale | NbyardError):
            for report in reports:
                self._trouble[report.attempt_id] = self._trouble.get(report.attempt_id, 0) + 1
        self._board.clear()
        self._changes = Changes(self._store, self._board)
        self._cursor = -1
        self._next_full_round = self._next_look = 0.0

    # What is done

    def _look(self, woken: Collection[str] | None) -> None:
        """Drive the attempts that were woken, now and then all of them."""
        everyone = woken is None or time.monotonic() >= self._next_look
        if everyone:
            pause = max(LOOK_SECONDS, LOOK_SECONDS_EACH * len(self._board.units()))
            self._next_look = time.monotonic() + pause
        names = self._board.units() if everyone else self._wanted | set(woken or ())
        self._wanted.clear()
        found = (self._board.attempts.get(name) or self._board.workers.get(name) for name in names)
        self._drive_all([one for one in found if one])
        if everyone:
            for attempt in list(self._queue.remains.values()):
                self._look_for_remains(attempt)

    def _look_for_remains(self, attempt: LiveAttempt) -> None:
        """Once nothing of it is there others may have its GPUs."""
        name, runtime = attempt.record.id, attempt.record.runtime
        is_gone = partial(self._attempts.is_gone, case_of(self._room, attempt))

        def tell(is_gone: bool | None) -> None:
            if is_gone:
                self._inbox.put(Report(name, [Gone()]))

        self._threads.submit(f"remains {name}", is_gone, then=tell, runtime=runtime)

    def _drive_all(self, found: Iterable[LiveAttempt | LiveWorker]) -> None:
        """Those that a worker has together."""
        units = [one if isinstance(one, LiveWorker) else one.worker or one for one in found]
        for unit in dict.fromkeys(units):
            if isinstance(unit, LiveWorker):
                self._drive_worker(unit)
            else:
                self._drive(unit)

    def _drive_worker(self, worker: LiveWorker) -> None:
        """As for an attempt."""
        case = worker_case(self._room, worker)
        if case.is_cancelled:
            _ask_to_end(case.order.folder)
        if worker.busy:
            worker.again = True
            return
        worker.busy = self._threads.submit(
            worker.id,
            partial(self._functions.drive, case),
            partial(self._functions.give_up, case),
            lambda reports: self._put([*(reports or [Report(worker.id, [])])]),
            runtime=PROCESS,
        )

    def _put(self, reports: list[Report]) -> None:
        for report in reports:
            self._inbox.put(report)

    def _drive(self, attempt: LiveAttempt) -> None:
        """In a thread, unless one is at it: then once more after that."""
        if attempt.task.run.is_cancelled:
            # also seen by one that is just being started, whose thread is busy
            _ask_to_end(self._place(attempt))
        if attempt.busy:
            attempt.again = True
            if attempt.record.state == "recorded" and folders.makes_image(self._place(attempt)):
                apply_reports.apply(self._changes, attempt, Waits("its image is built or pulled"))
            return
        case = case_of(self._room, attempt)
        attempt.busy = self._threads.submit(
            case.attempt.id,
            partial(self._attempts.drive, case),
            partial(self._attempts.give_up, case.attempt.id),
            lambda report: self._inbox.put(report or Report(case.attempt.id, [])),
            runtime=case.attempt.runtime,
        )

    def _place(self, attempt: LiveAttempt) -> Path:
        return folders.place(self._room.folder, attempt.record.id)


def _ask_to_end(folder: Path) -> None:
    with contextlib.suppress(OSError):  # it is asked again at the next look
        folders.ask_to_end(folder, CANCELLED)


def _check(news: Collection[News], changes: Changes) -> None:
    """Raises Stale when somebody has just changed a run that goes on: it may be a cancel."""
    if {one.run_id for one in news} & changes.runs():
        raise Stale("a run was changed meanwhile")
