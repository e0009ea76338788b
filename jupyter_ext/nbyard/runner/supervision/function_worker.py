"""The supervisor of a worker process, which calls functions for many attempts, one at a time.

Each call has a log of its own for what the function prints. A line of results.jsonl has its result.
If the worker ends early, its current call fails for the same reason. Calls that had not begun get
no line.
"""

from __future__ import annotations

import os
import time
from collections import deque
from typing import Any

from ..attempt_folder import as_json
from ..work import work_outcome
from ..work.function_calls import CALLS, MARK, NOBODY, PLACES, mark_of, read_call
from .supervisor import GRACE_SECONDS, Supervisor
from .work_log import Log

RESULTS = "results.jsonl"
POKE_SECONDS = 0.02
OPENING_BYTES = 16 * 1024


class WorkerSupervisor(Supervisor):
    """Assigns the worker's output and results to the attempts that it calls functions for."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._output = OutputSplitter(self._task["mark"], self._feed, self._turn_to)
        self._opening = b""
        self._current = ""
        self._since = 0.0
        self._call_log: Log | None = None
        self._whole: set[str] = set()
        self._results: deque[dict[str, Any]] = deque()
        self._limit: tuple[float, float] | None = None
        self._lines: list[bytes] = []
        self._used_before: dict[str, Any] = {}
        self._is_woken = True
        self._next_poke = 0.0

    def run(self) -> dict[str, Any]:
        """Run the worker and return its own result.

        The results of its calls are written already.
        """
        result = super().run()
        self._end_call(result)
        self._write()
        return result

    # What calls print

    def _on_output(self, descriptor: int) -> None:
        self._output.split(self._read(descriptor))
        self._write()

    def _feed(self, data: bytes) -> None:
        if not self._current:
            self._opening = (self._opening + data)[:OPENING_BYTES]
        if not self._current or self._current == NOBODY:
            self.log.feed(data)
            return
        if self._call_log is None:
            os.makedirs(self._folder.at(PLACES, self._current), exist_ok=True)
            self._call_log = Log(self._folder.at(PLACES, self._current, "log"))
            if self._opening:  # warnings from the import of the file matter to all calls
                self._call_log.feed(self._opening)
        self._call_log.feed(data)

    def _turn_to(self, name: str) -> None:
        """Assign further output to the attempt `name`.

        The previous attempt's output is complete.
        """
        if self._call_log is not None:
            self._call_log.close()
            self._call_log = None
        self._whole.add(self._current)
        self._current, self._since = name, self._clock.now()
        self._finish_calls()

    def _last_lines(self) -> str:
        return (self._call_log or self.log).last_lines()

    # How calls end

    def _handle_message(self, message: dict[str, Any]) -> bool:
        if message["type"] == "call":
            seconds = message["timeout_seconds"]
            self._limit = seconds, time.monotonic() + seconds
        elif message["type"] == "result":
            self._limit = None
            self._results.append(message)
            self._finish_calls()
        else:
            return super()._handle_message(message)
        return False

    def _on_report(self, descriptor: int) -> None:
        super()._on_report(descriptor)
        self._write()

    def _finish_calls(self) -> None:
        """Write the results of ended calls whose output is complete."""
        # Results and output have two pipes, so a result may arrive before the call's output.
        while self._results and self._results[0]["attempt_id"] in self._whole:
            message = self._results.popleft()
            self._whole.discard(message["attempt_id"])
            del message["type"]
            # only the results of successful calls are reused
            used = self._newly_used() if message["state"] == "succeeded" else {}
            message |= {"observed": self._observed(), "outside": used}
            self._lines.append(as_json(message) + b"\n")

    def _newly_used(self) -> dict[str, Any]:
        """Return the paths outside the code whose use has changed since the last result."""
        before, self._used_before = self._used_before, self._used_outside()
        return {path: use for path, use in self._used_before.items() if before.get(path) != use}

    def _end_call(self, result: dict[str, Any]) -> None:
        """Record the worker's failure as the result of the call that was running."""
        name = self._current
        if name in ("", NOBODY):
            return
        self._turn_to(NOBODY)
        call = self._call(name) if name in self._whole else None
        if call is not None:
            outcome = {key: call[key] for key in ("attempt_id", "token")}
            outcome |= {key: result[key] for key in ("state", "finished_at", "failure")}
            self._lines.append(as_json({**outcome, "started_at": self._since}) + b"\n")

    def _call(self, name: str) -> dict[str, Any] | None:
        with open(self._folder.at(CALLS), "rb") as file:
            calls = [call for call in map(read_call, file) if call and call["attempt_id"] == name]
        return calls[0] if calls else None

    def _write(self) -> None:
        if self._lines:
            data, self._lines = b"".join(self._lines), []
            with open(self._folder.at(RESULTS), "ab", 0) as file:
                file.write(data)
            self._is_woken = False
        self._wake_dispatcher()

    def _wake_dispatcher(self) -> None:
        """Wake the dispatcher for new results: at once if idle, else after POKE_SECONDS.

        The pause lets several results share one wake-up.
        """
        if self._is_woken or (self._current != NOBODY and time.monotonic() < self._next_poke):
            return
        self._is_woken = True
        self._next_poke = time.monotonic() + POKE_SECONDS
        self._folder.poke(self._task.get("wake") or "", self._task["attempt_id"])

    def _seconds_to_wait(self) -> float:
        self._wake_dispatcher()
        return super()._seconds_to_wait() if self._is_woken else POKE_SECONDS

    def _obey_limits(self, now: float) -> None:
        super()._obey_limits(now)
        if self._ending is None and self._limit and now > self._limit[1]:
            reason = work_outcome.too_long(self._limit[0])
            self._end("failed", work_outcome.failure_record("timeout", reason), GRACE_SECONDS)


class OutputSplitter:
    """Splits the worker's output at its marks.

    `begin` is called with the attempt ID in each mark, `feed` with the output in between.
    """

    def __init__(self, mark: str, feed: Any, begin: Any) -> None:
        whole = mark_of(mark, NOBODY)
        self._head, self._length = whole[: -len(NOBODY) - 1], len(whole)
        self._feed, self._begin = feed, begin
        self._rest = b""

    def split(self, data: bytes) -> None:
        """Process more output. Empty bytes mean the end of the output."""
        rest = self._rest + data
        while (at := rest.find(self._head)) >= 0 and len(rest) >= at + self._length:
            self._pass(rest[:at])
            self._begin(
                rest[at + len(self._head) : at + self._length - 1].decode("ascii", "replace")
            )
            rest = rest[at + self._length :]
        # The mark begins with a zero byte. Output from there on may be the beginning of a mark.
        at = rest.find(MARK[:1], max(0, len(rest) - self._length + 1)) if data else -1
        self._pass(rest if at < 0 else rest[:at])
        self._rest = b"" if at < 0 else rest[at:]

    def _pass(self, data: bytes) -> None:
        if data:
            self._feed(data)
