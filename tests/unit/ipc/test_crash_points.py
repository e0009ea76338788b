"""Crash points: silent unless asked for, then as kill -9."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nbyard.ipc import crash_points

PACKAGE = Path(crash_points.__file__).parents[1]


def test_every_crash_point_is_listed_and_exists() -> None:
    calls = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    used = set(re.findall(r'crash_point\("([\w-]+)"\)', calls))
    told = set(re.findall(r"^    ([\w-]+) +\d+ ", crash_points.__doc__ or "", re.MULTILINE))
    assert used == told


@pytest.mark.parametrize(("wanted", "passes"), [("here", 1), ("here:3", 3), ("there", None)])
def test_the_process_dies_at_the_chosen_pass(wanted, passes):
    program = (
        "from nbyard.ipc.crash_points import crash_point\n"
        "for i in range(1, 5):\n    print(i, flush=True)\n    crash_point('here')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NBYARD_CRASH_AT": wanted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (-signal.SIGKILL if passes else 0)
    assert len(done.stdout.split()) == (passes or 4)
