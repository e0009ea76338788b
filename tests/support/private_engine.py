"""Run a private Docker engine for tests, with its own data, socket and bridge.

Tests may kill it. `python -m tests.support.private_engine start` prints the DOCKER_HOST of
the shared engine, which then runs until `stop`. The engine needs root and Debian's docker.io.
"""

import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.support.kept_folders import cache_folder, locked

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError
from nbyard.runner.process import processes

START_SECONDS = 30
STOP_SECONDS = 15
KEPT = "kept"
SHARED_NUMBER = 197
# Engines share Docker's iptables chains. A starting engine removes the chains, although others
# need them. For each network, an engine also removes the jump to the chains and inserts it again,
# even if another engine has removed it already.
IPTABLES = """\
#!/bin/sh
PATH=${PATH#*:}
case "$*" in
*"-F DOCKER"* | *"-X DOCKER"*) ;;
*"-D FORWARD -j DOCKER"*) iptables "$@" || true ;;
*) exec iptables "$@" ;;
esac
"""
PROGRAMS = (b"dockerd", b"containerd", b"containerd-shim-runc-v2", b"docker-proxy", b"runc")


def why_no_engine() -> str:
    """Return why no engine can be started here, or ""."""
    if os.getuid() != 0:
        return "an engine of our own needs root"
    missing = [name for name in ("dockerd", "ip", "iptables") if shutil.which(name) is None]
    return f"{', '.join(missing)} not found (apt-get install docker.io iproute2)" if missing else ""


def free_number() -> int:
    """Return a number for a private engine; this process holds it until it exits."""
    for number in range(1, SHARED_NUMBER):
        lock = os.open(cache_folder() / f"engine-{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return number
    raise RuntimeError("all numbers of private engines are taken")


class PrivateEngine:
    """A Docker engine in a folder.

    `number` (1 to 250) determines its addresses, so engines that run together need different ones.
    Without a number, the engine gets a free one among the tests of this user. `options` are
    arguments for dockerd. `environment` are variables for dockerd and its hooks.
    """

    def __init__(
        self,
        folder: Path,
        number: int = 0,
        *,
        live_restore: bool = True,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ):
        self.folder = folder
        self.url = f"unix://{folder}/docker.sock"
        self._number = number or free_number()
        self._bridge = f"nbyt{self._number}"
        self._live_restore = live_restore
        self._options = options
        self._environment = dict(environment or {})

    @property
    def pid(self) -> int:
        """Return the pid of the running daemon, or 0."""
        with suppress(OSError, ValueError):
            pid = int((self.folder / "dockerd.pid").read_text())
            if b"dockerd" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return 0

    def start(self) -> None:
        """Start the daemon and wait until it responds; do nothing if it already does.

        Only one engine starts at a time: two would create the same iptables chains, and one would
        fail.
        """
        if self.pid and self._answers():
            return
        with locked("dockerd"):
            self._start()

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_bridge()
        pools = [{"base": f"10.{self._number}.128.0/17", "size": 26}]
        settings = {"default-address-pools": pools, "live-restore": self._live_restore}
        (self.folder / "daemon.json").write_text(json.dumps(settings))
        self._forget_dead()
        log = self.folder / "dockerd.log"
        with open(log, "wb") as output:
            # --fork: the daemon is not our child, so it can outlive the starting process.
            argv = ["setsid", "--fork", *self.command()]
            environment = {**os.environ, **self._environment}
            environment["PATH"] = os.pathsep.join([self._programs(), environment["PATH"]])
            subprocess.run(argv, stdout=output, stderr=output, check=True, env=environment)
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > end:
                raise RuntimeError(f"dockerd does not answer; see {log}")
            time.sleep(0.1)

    def _programs(self) -> str:
        """Return a folder with an iptables that leaves Docker's chains in place."""
        folder = self.folder / "programs"
        folder.mkdir(exist_ok=True)
        (folder / "iptables").write_text(IPTABLES)
        (folder / "iptables").chmod(0o755)
        return str(folder)

    def _forget_dead(self) -> None:
        """Delete stale pid files: dockerd takes a zombie for a running containerd."""
        for name in ("dockerd.pid", "exec/containerd/containerd.pid"):
            path = self.folder / name
            if path.exists() and not _cmdline(int(path.read_text() or 0)):
                path.unlink()

    def command(self) -> list[str]:
        paths = {
            "--config-file": "daemon.json",
            "--data-root": "data",
            "--exec-root": "exec",
            "--pidfile": "dockerd.pid",
        }
        argv = ["dockerd", "--host", self.url, "--bridge", self._bridge, *self._options]
        for option, name in paths.items():
            argv += [option, str(self.folder / name)]
        return argv

    def _make_bridge(self) -> None:
        # Never use --bridge=none: it deletes the machine's docker0.
        if not Path(f"/sys/class/net/{self._bridge}").exists():
            address = f"10.{self._number}.0.1/24"
            for arguments in (
                ["link", "add", self._bridge, "type", "bridge"],
                ["addr", "add", address, "dev", self._bridge],
                ["link", "set", self._bridge, "up"],
            ):
                subprocess.run(["ip", *arguments], check=True)

    def _answers(self) -> bool:
        engine = Engine(self.url, timeout=5)
        try:
            engine.fresh_info()
        except NbyardError:
            return False
        finally:
            engine.close()
        return True

    def kill(self) -> None:
        """Kill the daemon alone with kill -9; containers may survive it."""
        pid = self.pid
        # containerd exits a little after its dockerd. Until then the next dockerd would take it
        # for alive.
        ending = [pid, *self._followers(b"containerd")]
        os.kill(pid, signal.SIGKILL)
        while any(map(_cmdline, ending)):
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the daemon and delete everything that belongs to it."""
        pid = self.pid
        if pid:
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + STOP_SECONDS
            while _cmdline(pid) and time.monotonic() < end:
                time.sleep(0.05)
        self.clear()
        for bridge in (self._bridge, *self._leftover_bridges()):
            subprocess.run(["ip", "link", "delete", bridge], check=False, capture_output=True)
            for table in ("nat", "filter"):
                command = ["iptables", "--wait", "--table", table]
                listed = subprocess.run(
                    [*command, "--list-rules"], check=True, capture_output=True, text=True
                )
                for rule in map(shlex.split, listed.stdout.splitlines()):
                    if bridge in rule and rule[0] == "-A":
                        subprocess.run(
                            [*command, "-D", *rule[1:]], check=False, capture_output=True
                        )

    def _leftover_bridges(self) -> list[str]:
        """Return the networks of runs, found by our addresses; dockerd leaves them behind."""
        listing = subprocess.run(["ip", "-json", "address"], check=True, capture_output=True).stdout
        return [
            link["ifname"]
            for link in json.loads(listing)
            for address in link["addr_info"]
            if link["ifname"].startswith(("br-", "nbyn-"))
            and address.get("local", "").startswith(f"10.{self._number}.")
        ]

    def clear(self) -> None:
        """Delete containers and networks of a stopped engine; its images stay."""
        self._end_rest()
        # Docker 20.10 does not start with a half-removed network.
        for name in ("network", "containers"):
            shutil.rmtree(self.folder / "data" / name, ignore_errors=True)
        shutil.rmtree(self.folder / "exec", ignore_errors=True)

    def _followers(self, *programs: bytes) -> list[int]:
        """Return the other processes of this engine, found by the path of our folder."""
        marker = os.fsencode(str(self.folder)) + b"/"
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
            and marker in (command_line := _cmdline(int(entry.name)))
            and os.path.basename(command_line.split(b"\0")[0]) in programs
        ]

    def _end_rest(self) -> None:
        """Kill containerd, the shims and their containers, which would survive otherwise."""
        followers = self._followers(*PROGRAMS)
        for pid in {
            *followers,
            *(descendant for each in followers for descendant in processes.descendants_of(each)),
        }:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)


def _cmdline(pid: int) -> bytes:
    """Return the command line of a process; empty if it is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def shared_engine() -> PrivateEngine:
    """Return the engine that tests share; each worker of pytest-xdist has its own.

    A build fails if another worker removes the layers that the build has just found.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return PrivateEngine(cache_folder() / "engine", SHARED_NUMBER)
    number = SHARED_NUMBER + 1 + int(worker.removeprefix("gw"))
    return PrivateEngine(cache_folder() / f"engine-{worker}", number)


def start_shared(engine: PrivateEngine) -> None:
    """Start the shared engine, and clean up after a killed one."""
    if not engine.pid:
        engine.clear()
    engine.start()


@contextmanager
def using_shared_engine() -> Iterator[PrivateEngine]:
    """Start the shared engine for the first user, and stop it after the last one."""
    engine = shared_engine()
    folder, name = cache_folder(), engine.folder.name
    with (
        open(folder / f"{name}-users.lock", "w") as users,
        open(folder / f"{name}-start.lock", "w") as turn,
    ):
        # Each user holds a shared lock on `users`. `turn` prevents a start while the engine stops.
        fcntl.flock(turn, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        start_shared(engine)
        fcntl.flock(turn, fcntl.LOCK_UN)
        try:
            yield engine
        finally:
            fcntl.flock(turn, fcntl.LOCK_EX)
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not (folder / KEPT).exists():
                    engine.stop()


@contextmanager
def started_engine(folder: Path, **options: Any) -> Iterator[PrivateEngine]:
    """Start an engine of the test's own; skip the test if none can be started."""
    if why_no_engine():
        pytest.skip(why_no_engine())
    engine = PrivateEngine(folder, **options)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()


def main(argv: list[str]) -> int:
    """Run the command line: start or stop the shared engine."""
    engine = shared_engine()
    if argv == ["start"]:
        (cache_folder() / KEPT).touch()
        start_shared(engine)
        sys.stdout.write(f"{engine.url}\n")
    elif argv == ["stop"]:
        (cache_folder() / KEPT).unlink(missing_ok=True)
        engine.stop()
    else:
        sys.stderr.write("usage: python -m tests.support.private_engine start|stop\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
