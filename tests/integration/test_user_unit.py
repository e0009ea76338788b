"""`nbyard service` with the systemd of this machine: a user manager in a mount namespace."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MANAGER = Path("/lib/systemd/systemd")
PATIENCE_SECONDS = 90.0
# systemd needs a /run that says that it has booted, in which its socket is.
BOOT = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p -m 700 /run/systemd/system /run/own
exec "$@"
"""
# Stays in the namespace while managers in it come and go.
STAY = "echo ready; exec sleep 600"


def has_namespaces() -> bool:
    """Return whether this user may create mount namespaces, and systemd is installed."""
    words = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/run"]
    if not MANAGER.exists() or not all(map(shutil.which, ("unshare", "nsenter", "systemctl"))):
        return False
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.leaves_running,
    pytest.mark.skipif(not has_namespaces(), reason="needs systemd and root"),
]


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)


class Machine:
    """A machine of one user, with files in `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._variables = {
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": "/run/own",
            # The characters mean something in a unit.
            "NBYARD_STORE_DIR": str(folder / '100% $HOME\'s "st\\ore"'),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }
        words = ["unshare", "--mount", "sh", "-c", BOOT, "sh", "sh", "-c", STAY]
        self._place = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._place.stdout is not None
        with self._place.stdout as told:
            assert told.readline() == b"ready\n"
        self._manager: subprocess.Popen[bytes] | None = None

    def _inside(self, *words: str) -> list[str]:
        return ["nsenter", "--mount", f"--target={self._place.pid}", *words]

    def boot(self) -> None:
        """Start the service manager, which starts the enabled units."""
        self._manager = subprocess.Popen(
            self._inside(str(MANAGER), "--user"), env=self._variables, stdin=subprocess.DEVNULL
        )
        until(lambda: self.run("systemctl", "--user", "show").returncode == 0, "systemd")

    def halt(self) -> None:
        """Kill the dispatcher without a farewell, then the service manager."""
        if self._manager is not None:
            self.run("systemctl", "--user", "kill", "--kill-whom=all", "-s", "KILL", "nbyard")
            self._manager.kill()
            self._manager.wait()
            self._manager = None

    def end(self) -> None:
        with contextlib.suppress(subprocess.SubprocessError):
            self.run("systemctl", "--user", "stop", "nbyard.service")
        self.halt()
        self._place.kill()
        self._place.wait()

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self._inside(*words),
            env=self._variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def nbyard(self, *words: str) -> str:
        done = self.run(sys.executable, "-m", "nbyard.cli.main", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def show(self, key: str) -> str:
        """Return a property of the unit."""
        words = ("show", f"--property={key}", "--value", "nbyard.service")
        return self.run("systemctl", "--user", *words).stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    try:
        made.boot()
        yield made
    finally:
        made.end()


@pytest.mark.long
def test_due_runs_start_after_a_reboot_without_any_command(machine: Machine) -> None:
    """No command opens the store meanwhile; the test only reads the file that the run writes."""
    seen = machine.folder / "seen"
    script = machine.folder / "due.py"
    script.write_text(f"open({str(seen)!r}, 'a').write('x')\n")
    machine.nbyard("service", "install")
    when = ("--when", "*/10 * * * * *", "--name", "often")
    machine.nbyard("automations", "create", str(script), *when)
    until(seen.exists, "the first run")
    assert machine.show("ActiveState") == "active", "the unit's dispatcher serves the schedule"
    machine.halt()
    seen.unlink()
    machine.boot()
    until(seen.exists, "a run after the reboot")
    assert machine.show("NRestarts") == "0"
    checks = json.loads(machine.nbyard("doctor", "--json"))["checks"]
    (check,) = [each for each in checks if each["name"] == "schedules"]
    assert check["state"] == "ok"
    machine.nbyard("automations", "disable", "often")


@pytest.mark.long
def test_killed_dispatcher_restarts_and_a_removed_unit_stops(machine: Machine) -> None:
    machine.nbyard("service", "install")
    assert json.loads(machine.nbyard("service", "status", "--json"))["active"] == "active"
    machine.run("systemctl", "--user", "kill", "--signal=KILL", "nbyard.service")
    until(lambda: machine.show("NRestarts") == "1", "a restart")
    assert machine.show("OOMPolicy") == "continue" and machine.show("KillMode") == "process"
    machine.nbyard("service", "remove")
    assert machine.show("LoadState") == "not-found"
    assert "not installed" in machine.nbyard("service", "status")
