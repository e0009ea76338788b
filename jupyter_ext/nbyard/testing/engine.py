"""A Docker engine of the tests' own, which they may kill: data, socket and bridge are private.

`python -m nbyard.testing.engine start` prints the DOCKER_HOST of the shared one, which then stays
until `stop`. Needs root and Debian's docker.io.
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

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError
from nbyard.runner import processes
from nbyard.testing.kept import cache_folder, locked

START_SECONDS = 30
STOP_SECONDS = 15
KEPT = "kept"
SHARED_NUMBER = 197
# Engines share Docker's chains. One that starts removes them, although others need them. For each
# network an engine takes the jump to them out and puts it in again, which another may have done.
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


def why_not() -> str:
    """Why no engine can be started here, or ""."""
    if os.getuid() != 0:
        return "an engine of our own needs root"
    missing = [name for name in ("dockerd", "ip", "iptables") if shutil.which(name) is None]
    return f"{', '.join(missing)} not found (apt-get install docker.io iproute2)" if missing else ""


def free_number() -> int:
    """A number for a private engine, which stays with this process until its end."""
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
    """`number` (1 to 250) chooses its addresses: two at a time must differ. Without one, it gets a
    number that no other process of this user's tests has.

    `options` are further words for dockerd, `environment` are variables for it and its hooks.
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
        """The running daemon's process, or 0."""
        with suppress(OSError, ValueError):
            pid = int((self.folder / "dockerd.pid").read_text())
            if b"dockerd" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return 0

    def start(self) -> None:
        """Make it answer; does nothing when it does. Two that start at once would both create the
        same chains of iptables, and one would fail."""
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
            # --fork: not our child, so that it can outlive whoever started it.
            words = ["setsid", "--fork", *self._command()]
            told = {**os.environ, **self._environment}
            told["PATH"] = os.pathsep.join([self._programs(), told["PATH"]])
            subprocess.run(words, stdout=output, stderr=output, check=True, env=told)
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
        """dockerd takes a zombie for a containerd that still runs."""
        for name in ("dockerd.pid", "exec/containerd/containerd.pid"):
            path = self.folder / name
            if path.exists() and not _cmdline(int(path.read_text() or 0)):
                path.unlink()

    def _command(self) -> list[str]:
        paths = {
            "--config-file": "daemon.json",
            "--data-root": "data",
            "--exec-root": "exec",
            "--pidfile": "dockerd.pid",
        }
        words = ["dockerd", "--host", self.url, "--bridge", self._bridge, *self._options]
        for option, name in paths.items():
            words += [option, str(self.folder / name)]
        return words

    def _make_bridge(self) -> None:
        # Never --bridge=none: it deletes the machine's docker0.
        if not Path(f"/sys/class/net/{self._bridge}").exists():
            address = f"10.{self._number}.0.1/24"
            for words in (
                ["link", "add", self._bridge, "type", "bridge"],
                ["addr", "add", address, "dev", self._bridge],
                ["link", "set", self._bridge, "up"],
            ):
                subprocess.run(["ip", *words], check=True)

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
        """kill -9 of the daemon alone; containers may survive it."""
        pid = self.pid
        # containerd follows its dockerd, a little later: the next one would take it for alive.
        ending = [pid, *self._followers(b"containerd")]
        os.kill(pid, signal.SIGKILL)
        while any(map(_cmdline, ending)):
            time.sleep(0.02)

    def stop(self) -> None:
        """End it with all that belongs to it."""
        pid = self.pid
        if pid:
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + STOP_SECONDS
            while _cmdline(pid) and time.monotonic() < end:
                time.sleep(0.05)
        self.clear()
        for bridge in (self._bridge, *self._left_bridges()):
            subprocess.run(["ip", "link", "delete", bridge], check=False, capture_output=True)
            _forget_rules(bridge)

    def _left_bridges(self) -> list[str]:
        """Networks of runs, known by our addresses; dockerd leaves them where they are."""
        told = subprocess.run(["ip", "-json", "address"], check=True, capture_output=True).stdout
        return [
            link["ifname"]
            for link in json.loads(told)
            for address in link["addr_info"]
            if link["ifname"].startswith("br-")
            and address.get("local", "").startswith(f"10.{self._number}.")
        ]

    def clear(self) -> None:
        """Forget containers and networks of an engine that does not run; its images stay."""
        self._end_rest()
        # Docker 20.10 does not start any more on a network that was half removed.
        for name in ("network", "containers"):
            shutil.rmtree(self.folder / "data" / name, ignore_errors=True)
        shutil.rmtree(self.folder / "exec", ignore_errors=True)

    def _followers(self, *programs: bytes) -> list[int]:
        """What else runs of this engine, known by our folder's path."""
        marker = os.fsencode(str(self.folder)) + b"/"
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
            and marker in (words := _cmdline(int(entry.name)))
            and os.path.basename(words.split(b"\0")[0]) in programs
        ]

    def _end_rest(self) -> None:
        """containerd, shims, and the containers below them, which would stay."""
        followers = self._followers(*PROGRAMS)
        for pid in {*followers, *(one for each in followers for one in processes.below(each))}:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((m for m in mounts if m.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)


def _forget_rules(bridge: str) -> None:
    for table in ("nat", "filter"):
        words = ["iptables", "--wait", "--table", table]
        told = subprocess.run([*words, "--list-rules"], check=True, capture_output=True, text=True)
        for rule in map(shlex.split, told.stdout.splitlines()):
            if bridge in rule and rule[0] == "-A":
                subprocess.run([*words, "-D", *rule[1:]], check=False, capture_output=True)


def _cmdline(pid: int) -> bytes:
    """Empty when it is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def shared_engine() -> PrivateEngine:
    """The engine that tests share. Each worker of pytest-xdist has one of its own: a build fails
    when somebody removes the layers that it has just found."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return PrivateEngine(cache_folder() / "engine", SHARED_NUMBER)
    number = SHARED_NUMBER + 1 + int(worker.removeprefix("gw"))
    return PrivateEngine(cache_folder() / f"engine-{worker}", number)


def start_shared(engine: PrivateEngine) -> None:
    if not engine.pid:
        engine.clear()
    engine.start()


@contextmanager
def using_shared_engine() -> Iterator[PrivateEngine]:
    """Started by the first who needs it, stopped by the last."""
    engine = shared_engine()
    folder, name = cache_folder(), engine.folder.name
    with (
        open(folder / f"{name}-users.lock", "w") as users,
        open(folder / f"{name}-start.lock", "w") as turn,
    ):
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


def main(words: list[str]) -> int:
    engine = shared_engine()
    if words == ["start"]:
        (cache_folder() / KEPT).touch()
        start_shared(engine)
        sys.stdout.write(f"{engine.url}\n")
    elif words == ["stop"]:
        (cache_folder() / KEPT).unlink(missing_ok=True)
        engine.stop()
    else:
        sys.stderr.write("usage: python -m nbyard.testing.engine start|stop\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
