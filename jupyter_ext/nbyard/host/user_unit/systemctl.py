"""Calls `systemctl --user`, without a shell and with a time limit."""

import os
import shutil
import subprocess

from nbyard.errors import Unavailable

SECONDS = 60.0
PROGRAM = "systemctl"


def systemctl(*arguments: str) -> str:
    """Return the output of `systemctl --user` with these arguments.

    Raises:
        Unavailable: systemd is missing, does not respond, or refuses.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise Unavailable("This machine has no systemctl.")
    try:
        done = subprocess.run(
            [program, "--user", *arguments],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(_failure(arguments, f"no answer in {SECONDS:g} s")) from None
    except OSError as error:
        raise Unavailable(_failure(arguments, os.strerror(error.errno or 0))) from None
    if done.returncode:
        ended = f"exit code {done.returncode}"
        raise Unavailable(_failure(arguments, done.stderr.strip() or ended))
    return done.stdout.strip()


def _failure(arguments: tuple[str, ...], cause: str) -> str:
    return f"systemctl --user {' '.join(arguments)} failed: {cause}"


def check_session() -> None:
    """Check that the user's service manager responds.

    Raises:
        Unavailable: systemd is missing, or has no manager for this user here.
    """
    systemctl("show", "--property=Version")


def active_state(unit: str) -> str:
    """Return systemd's state of a unit, such as "active". Return "" without systemd."""
    try:
        return systemctl("show", "--property=ActiveState", "--value", unit)
    except Unavailable:
        return ""
