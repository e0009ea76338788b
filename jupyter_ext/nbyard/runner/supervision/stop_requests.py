"""Handles signals to the supervisor.

Each wakes its selector; SIGTERM and SIGINT stop the attempt.
"""

from __future__ import annotations

import os
import selectors
import signal

from ..reasons import Reason, because


class Signals:
    """Handles the signals of this process.

    `stop` is the reason to stop the attempt, if there is one.
    """

    def __init__(self) -> None:
        self.stop: Reason | None = None
        self._read_end, self._write_end = os.pipe()
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)

    def install_handlers(self, selector: selectors.BaseSelector) -> None:
        """Install the signal handlers; each signal wakes the selector."""
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        # Python wakes the selector only for signals that have a handler.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.signal(signal.SIGHUP, lambda *_: None)  # if ignored, the work would inherit that
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        selector.register(
            self._read_end, selectors.EVENT_READ, lambda descriptor: os.read(descriptor, 4096)
        )

    def _on_stop(self, number: int, _frame: object) -> None:
        self.stop = because("supervisor-stopped", signal=signal.Signals(number).name)

    def leave(self) -> None:
        """Stop signals from writing to the pipe, before it is closed."""
        signal.set_wakeup_fd(-1)

    def close(self) -> None:
        """Close both ends of the pipe, after `leave`."""
        for end in (self._read_end, self._write_end):
            os.close(end)
