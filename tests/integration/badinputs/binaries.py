"""Programs that misbehave: each run fails, gives the reason, and leaves nothing."""

import time
import uuid
from pathlib import Path
from typing import Any

from nbyard.reasons.structs import read_reason

from .ground import Ground, Seen

GRACE_SECONDS = 60
LIMIT = "longer than its limit of 2 s"
MADE = {"name": "made", "role": "output", "reach": {"kind": "positional", "position": 0}}
MARK = {"name": "mark", "reach": {"kind": "positional", "position": 1}}
SLEEP = "time.sleep(600)"
# so many as no program needs, and few enough for whoever shares the machine
PROCESSES = 200
DAEMON = f"""\
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for stream in range(3):
            os.close(stream)
        {SLEEP}
    os._exit(0)
"""
FORKS = f"""\
for _ in range({PROCESSES}):
    if os.fork() == 0:
        os.setsid()
        {SLEEP}
{SLEEP}
"""
FIXTURES = {
    "no_output": ("pass", "made"),
    "exit3": ("sys.exit(3)", "exit code 3"),
    "segv": ("os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    "symlink_out": ("os.symlink('/etc/passwd', sys.argv[1])", "made"),
    "fifo_out": ("os.mkfifo(sys.argv[1])", "made"),
    "daemon": (DAEMON, "made"),
    "close_stdout": (f"os.close(1)\n{SLEEP}", LIMIT),
    "ignore_term": (
        f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEP}",
        LIMIT,
    ),
    "forkbomb": (FORKS, LIMIT),
}


def behave(ground: Ground, given: dict[str, str], entry: dict[str, Any]) -> Seen:
    """Run a program with a declared output. Programs that never end have a limit of two seconds."""
    mark = f"mark-{uuid.uuid4().hex}"
    if given["fixture"] == "enoexec":
        path, cause = ground.file("tool", b"\x7fELFwrong"), ""
        (ground.root / path).chmod(0o755)
    else:
        code, cause = FIXTURES[given["fixture"]]
        path = ground.file("tool.py", f"import os, signal, sys, time\n{code}\n")
    ground.describe(path, [MADE, MARK], timeout_seconds=2 if cause == LIMIT else 60)
    _, detail = ground.run(path=path, parameters={"mark": mark})
    (task,) = detail["tasks"]
    told = str(read_reason(task["failure"]["reason"]))
    assert detail["run"]["state"] == "failed", detail
    assert cause in told, told
    assert task["artifacts"] == []
    end = time.monotonic() + GRACE_SECONDS
    while found := _marked(mark):
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return Seen(200, told)


def _marked(mark: str) -> list[str]:
    """Return the processes whose command line contains the mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes()
        except OSError:
            continue
        if mark.encode() in words:
            found.append(f"{place.parent.name} {words!r}")
    return found
