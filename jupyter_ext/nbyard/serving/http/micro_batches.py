"""Combine requests into micro-batches, without a delay.

Requests that arrive while the model is busy share its next call. The model is loaded and called in
its own thread.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from itertools import accumulate, chain
from typing import NamedTuple

from nbyard.serving.codec import Columns, ValueRefused
from nbyard.serving.models import ModelFailed, words_of

from .call_watchdog import BlockedByLateCall, Calls, CallTimedOut, Predict

log = logging.getLogger("nbyard.serving")
MAX_BATCH_ROWS = 10_000
LONG_SECONDS = 10.0  # longer calls are logged

Outcome = Columns | Exception


class QueueFull(Exception):
    """Too many rows are waiting."""


class WaitingRequest(NamedTuple):
    """The rows of a request, as columns, and the future for its answer."""

    columns: Columns
    answer: asyncio.Future[Columns]

    @property
    def row_count(self) -> int:
        """Return the number of rows."""
        return len(self.columns[0])


class Worker:
    """Runs the model in a thread, for requests of the running event loop.

    `load` returns the function that predicts; then `loaded` is called. If loading or the thread
    fails, `is_ready` is reset, all waiting requests fail, and `fail` is called.

    While a call exceeds its time limit (`is_late`), requests fail at once. If the call returns
    later, the worker continues. If it does not return in time, `fail` is called.
    """

    def __init__(
        self,
        load: Callable[[], Predict],
        most_rows: int,
        fail: Callable[[], None],
        call_seconds: float = 0.0,
        loaded: Callable[[], None] = lambda: None,
    ):
        self.calls = Calls(call_seconds)
        self.is_late = self._is_long = self._will_look = self._is_closed = False
        self._asked: list[WaitingRequest] = []
        self._load = load
        self._fail = fail
        self._tell_loaded = loaded
        self._most = most_rows
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[WaitingRequest] = deque()
        self._batches: queue.SimpleQueue[list[WaitingRequest] | None] = queue.SimpleQueue()
        self._is_busy = True
        self.rows_waiting = 0
        self.batches = 0
        self.rows = 0
        self.is_ready = False
        self.ended = asyncio.Event()
        self.thread = threading.Thread(target=self._run, name="model", daemon=True)
        self.thread.start()

    def ask(self, columns: Columns) -> asyncio.Future[Columns]:
        """Queue checked columns of at least one row; return the future of the answer.

        Raises:
            QueueFull: Too many rows are waiting. Raised at once.
            BlockedByLateCall: An earlier call takes too long. Raised at once, or by the future.
            CallTimedOut: The request's own call takes too long. Raised by the future.
        """
        if self.is_late:
            raise BlockedByLateCall(self.calls.words_of_held())
        waiting_request = WaitingRequest(columns, self._loop.create_future())
        # a large request is accepted if nothing else waits
        if self.rows_waiting and self.rows_waiting + waiting_request.row_count > self._most:
            raise QueueFull
        self._waiting.append(waiting_request)
        self.rows_waiting += waiting_request.row_count
        if not self._is_busy:
            self._next()
        return waiting_request.answer

    @property
    def requests_waiting(self) -> int:
        """Return the number of requests that wait."""
        return len(self._waiting)

    def close(self) -> None:
        """Stop the thread after its current call. `ended` is set then; at once in a late call."""
        self._is_closed = True
        self._batches.put(None)
        if self.is_late:
            self.ended.set()

    def _next(self) -> None:
        """Pass the next batch of waiting requests to the model, without cancelled ones."""
        batch: list[WaitingRequest] = []
        rows = 0
        # a request that is larger than a batch goes alone
        while self._waiting and (not batch or rows + self._waiting[0].row_count <= MAX_BATCH_ROWS):
            asked = self._waiting.popleft()
            self.rows_waiting -= asked.row_count
            if not asked.answer.cancelled():
                batch.append(asked)
                rows += asked.row_count
        self._is_busy = bool(batch)
        if batch:
            self.batches += 1
            self.rows += rows
            self._asked = batch
            self._batches.put(batch)
            self._schedule_check()

    def _schedule_check(self) -> None:
        """Schedule a check for when the current call becomes long or late.

        One timer serves all calls, of which there may be thousands per second.
        """
        moments = [LONG_SECONDS] if not self._is_long else []
        moments += [self.calls.limit] if self.calls.limit else []
        if moments and not self._will_look:
            self._will_look = True
            self._loop.call_later(max(min(moments) - self.calls.seconds, 0.0), self._check_call)

    def _check_call(self) -> None:
        self._will_look = False
        if not self._is_busy or self.is_late:
            return
        if self.calls.is_late:
            self.is_late = True
            log.error("%s; %d requests waited", self.calls.words_of_held(), self.requests_waiting)
            for asked in self._asked:
                _fail(asked, CallTimedOut(self.calls.words_of_late()))
            for asked in self._waiting:
                _fail(asked, BlockedByLateCall(self.calls.words_of_held()))
            self._waiting.clear()
            self.rows_waiting = 0
            self._give_up_later()
            if self._is_closed:
                self.ended.set()
            return
        if self.calls.seconds >= LONG_SECONDS and not self._is_long:
            self._is_long = True
            log.warning(
                "%s; %d more requests wait", self.calls.description(), self.requests_waiting
            )
        self._schedule_check()

    def _give_up_later(self) -> None:
        """Call `fail` when the late call exceeds the patience."""
        if not self.is_late:
            return
        if self.calls.is_lost:
            log.critical("%s", self.calls.words_of_lost())
            self._fail()
        else:
            left = self.calls.patience - self.calls.seconds
            self._loop.call_later(left, self._give_up_later)

    def _came_back(self) -> None:
        if self._is_long or self.is_late:
            log.warning("the model responded after a long call")
        self.is_late = self._is_long = False

    def _answer_batch(self, batch: list[WaitingRequest], outcomes: list[Outcome]) -> None:
        self._came_back()
        self._next()
        # The model already predicts the next batch while these requests get their answers.
        for asked, outcome in zip(batch, outcomes, strict=True):
            if asked.answer.done():
                continue
            if isinstance(outcome, Exception):
                asked.answer.set_exception(outcome)
            else:
                asked.answer.set_result(outcome)

    def _loaded(self) -> None:
        self.is_ready = True
        self._tell_loaded()
        self._next()

    def _broke(self, batch: list[WaitingRequest], error: BaseException) -> None:
        self._came_back()
        self.is_ready = False
        for asked in [*batch, *self._waiting]:
            _fail(asked, ModelFailed(words_of(error)))
        self._waiting.clear()
        self.rows_waiting = 0
        self.ended.set()
        self._fail()

    def _run(self) -> None:
        """Load the model and predict batches, in the model's thread.

        All exceptions are caught: a panic of an extension in Rust is a BaseException.
        """
        tell = self._loop.call_soon_threadsafe
        batch: list[WaitingRequest] | None = []
        try:
            predict = self.calls.recording(self._load())
            tell(self._loaded)
            while (batch := self._batches.get()) is not None:
                tell(self._answer_batch, batch, outcomes_of(predict, batch))
        except BaseException as error:
            log.critical("the model cannot continue", exc_info=error)
            tell(self._broke, batch or [], error)
        else:
            tell(self.ended.set)


def _fail(waiting_request: WaitingRequest, error: Exception) -> None:
    if not waiting_request.answer.done():
        waiting_request.answer.set_exception(error)


def outcomes_of(predict: Predict, batch: list[WaitingRequest]) -> list[Outcome]:
    """Predict a batch of requests by one call; return the answer or error of each request.

    If the call fails, the model is called for each request, so that only invalid requests fail.
    """
    if len(batch) > 1:
        pieces = zip(*(asked.columns for asked in batch), strict=True)
        ends = accumulate(asked.row_count for asked in batch)
        try:
            columns = predict([[*chain.from_iterable(column)] for column in pieces])
            return [
                [column[end - asked.row_count : end] for column in columns]
                for asked, end in zip(batch, ends, strict=True)
            ]
        except (ModelFailed, ValueRefused) as error:
            log.info("predicting %d requests one by one: %s", len(batch), error)
    outcomes: list[Outcome] = []
    for asked in batch:
        try:
            outcomes.append(predict(asked.columns))
        except ModelFailed as error:
            log.exception("a request failed")
            outcomes.append(error)
        except ValueRefused as error:
            log.warning("the model's answer does not fit: %s", error)
            outcomes.append(error)
    return outcomes
