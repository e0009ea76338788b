"""A process that has imported the dispatcher and forks one for each line of its standard input:
JSON with `environment` and `log`. It answers with the pid, and the dispatcher begins at the next
line: the reader knows it before it can end. Dozens of cases share one start."""

import importlib
import json
import os
import signal
import sys

from nbyard.dispatch import __main__ as program
from nbyard.dispatch import loop  # noqa: F401  what takes the time
from nbyard.domain.automations.times import cron
from nbyard.domain.notices import structs
from nbyard.ipc import crash_points

# nobody has to wait for the next due time, or for the second attempt to send a message
cron.LEAST_SECONDS, structs.FIRST_SECONDS = 1, 1.0


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        held, hold = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(hold)
            os.read(held, 1)
            os.close(held)
            become(request)
        os.close(held)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        os.close(hold)


def become(request: dict) -> None:
    """Become the dispatcher that `python -m nbyard.dispatch` would be."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(request["environment"])
    importlib.reload(crash_points)  # it reads its orders once
    sys.argv = ["nbyard.dispatch"]
    program.main()


if __name__ == "__main__":
    main()
