"""The dispatcher process, `python -m nbyard.dispatch`.

- `--detach`: fork; the caller's process exits at once.
- `--lock FD`: close this file descriptor as soon as the lease is held.
"""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbyard.settings import Settings


def main() -> None:
    """Run the dispatcher until it is idle or has to stop.

    It stops when the lease is lost or a signal arrives.
    """
    argv = sys.argv[1:]
    lock = int(argv[argv.index("--lock") + 1]) if "--lock" in argv else None
    if "--detach" in argv:
        _detach()
    gc.disable()  # imports make no garbage, and looking for some takes a tenth of the start
    # imported late: the caller of --detach waits only for the fork
    from nbyard.dispatch.loop import Dispatcher
    from nbyard.errors import NbyardError
    from nbyard.settings import Settings
    from nbyard.store.leases import LeaseLost

    gc.freeze()
    gc.enable()
    settings = Settings()
    _start_log(settings)
    stopping = threading.Event()
    # Without a handler, SIGUSR1 would kill this process while it waits for the lease.
    _on_signals(stopping.set, lambda: None)  # the sender repeats SIGUSR1
    try:
        dispatcher = Dispatcher.open(settings, stopping)
    except NbyardError as error:
        # The process that watches the store starts another dispatcher later.
        raise SystemExit(f"No dispatcher: {error.words}") from error
    if lock is not None:  # tells the caller that a dispatcher runs
        os.close(lock)
    _on_signals(dispatcher.stop, dispatcher.leave_when_idle)
    try:
        dispatcher.run()
    except LeaseLost:
        logging.warning("another dispatcher has taken over")
    # Busy threads must not delay the exit; their work survives a kill at any moment.
    logging.shutdown()
    os._exit(0)


def _detach() -> None:
    """Continue in a child process with its own session."""
    if os.fork():
        os._exit(0)
    # In a session of its own, the dispatcher survives Ctrl+C and the end of the caller's terminal.
    os.setsid()


def _on_signals(stop: Callable[[], object], retire: Callable[[], object]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
    signal.signal(signal.SIGUSR1, lambda *_: retire())


def _start_log(settings: "Settings") -> None:
    from nbyard.logs.json_lines import JsonFormatter

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if settings.log_format == "json":
        logging.getLogger().handlers[0].setFormatter(JsonFormatter())
    # Alembic logs at INFO whenever it looks at a database, even without a migration.
    logging.getLogger("alembic").setLevel(logging.WARNING)


if __name__ == "__main__":
    main()
