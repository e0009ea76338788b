"""A store with the dispatchers and servers that tests start, stop and kill."""

import contextlib
import fcntl
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
from tests.integration.hub import OTHERS

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict
from nbyard.ipc.dispatcher_launcher import LEASE, is_dead
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard

from .checker import NOT_WORK, Checker
from .flows import Graph, write_flow

PATIENCE_SECONDS = 90.0
SETTLE_SECONDS = 30.0
SWEEP_SECONDS = 30.0
ENDED = ("succeeded", "failed", "cancelled")


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


class Zygote:
    """Starts dispatchers without the time for their imports."""

    def __init__(self) -> None:
        program = str(Path(__file__).with_name("zygote.py"))
        self._process = subprocess.Popen(
            [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, environment: Mapping[str, str], log: Path) -> psutil.Process:
        """Start a dispatcher that is not a child of this process."""
        request = {"environment": dict(environment), "log": str(log)}
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        process = psutil.Process(int(self._process.stdout.readline()))
        self._process.stdin.write("\n")  # it begins
        self._process.stdin.flush()
        return process

    def close(self) -> None:
        self._process.communicate(timeout=PATIENCE_SECONDS)


class Place:
    """One store. Requests in this process start no dispatcher."""

    def __init__(self, folder: Path, database_url: str, zygote: Zygote, store: Path | None = None):
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir()
        self.store = store or folder / "store"
        self.witness = folder / "witness"
        self.gate = folder / "gate"
        self.log = folder / "programs.log"
        self.acknowledged: dict[str, str] = {}
        self._zygote = zygote
        self._started: list[psutil.Process] = []
        self.settings = {
            "NBYARD_STORE_DIR": str(self.store),
            "NBYARD_DATABASE_URL": database_url,
            "NBYARD_IDLE_SECONDS": "60",
            "NBYARD_SLOTS": "4",
        }
        config = Settings(
            store_dir=str(self.store), database_url=database_url, inline_dispatch=True
        )
        self.yard = Yard.open(config, self.root, self.root)
        self.caller = Caller(local_name())
        self.checker = Checker(self.store, database_url, self.witness)

    # What is run

    def flow(self, graph: Graph, body: str = ":", **more: Any) -> str:
        body = body.replace("GATE", str(self.gate))
        return write_flow(self.root, self.witness, graph, body=body, **more)

    def submit(self, path: str, **more: Any) -> str:
        """Submit a run; return its acknowledged ID."""
        key = secrets.token_hex(8)
        made = self.yard.services.runs.create(
            self.caller, NewRun(path=path, **more), idempotency_key=key
        )
        self.acknowledged[key] = made.id
        return made.id

    # Who runs it

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, **self.settings, **more}

    def dispatcher(self, **environment: str) -> psutil.Process:
        """Start a dispatcher that tries to get the lease."""
        self._started.append(self._zygote.start(self.environment(**environment), self.log))
        return self._started[-1]

    def dispatcher_dies(self, crash_at: str) -> None:
        """Start a dispatcher and see it killed at a point, with its lease in its hands."""
        self.await_death(self.dispatcher(NBYARD_CRASH_AT=crash_at), crash_at)

    def await_death(self, process: psutil.Process, crash_at: str) -> None:
        """Wait until the process was killed; it must not exit by itself."""
        until(lambda: is_gone(process), f"the death at {crash_at}\n{self.told()}")
        lease = self.lease()
        assert lease and lease["until"] > time.time(), f"it left and did not die: {self.told()}"

    def finish(self) -> None:
        """Run a dispatcher until all work has ended and it exits."""
        process = self.dispatcher()
        until(lambda: self.holder() == process.pid, "its lease")
        self.settle()

    def settle(self) -> None:
        """Wait for the end of all runs, then for the exit of the dispatcher that cleans up."""
        until(self.all_ended, f"the end of all runs\n{self.told()}")
        end = time.monotonic() + SWEEP_SECONDS
        while found := self.untidy():
            assert time.monotonic() < end, "\n".join([*found, self.told()])
            time.sleep(0.05)
        if pid := self.holder():
            process = psutil.Process(pid)
            process.terminate()
            until(lambda: is_gone(process), "the dispatcher's end")
        until(lambda: not self._terminated(), "the end of those that servers have called")

    def _terminated(self) -> list[psutil.Process]:
        """Terminate live dispatchers that servers started; a busy machine may start one late."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                is_one = "nbyard.dispatch" in process.cmdline()
                if is_one and process.environ().get("NBYARD_STORE_DIR") == str(self.store):
                    process.terminate()
                    found.append(process)
        return found

    def untidy(self) -> list[str]:
        """Return running work, and remains that are not cleaned up yet."""
        self.yard.store.poke()  # this removes the sockets of the dead
        known = {row["worker"] or row["id"] for row in self.checker.rows().attempts}
        return [*self.working().values(), *self.checker.folders(known)]

    def cancel(self, run: str) -> None:
        """Cancel the run, unless it has ended."""
        with contextlib.suppress(Conflict):
            self.yard.services.runs.cancel(self.caller, run)

    def supervisors(self) -> list[int]:
        """Return the supervisors of unfinished work."""
        found = []
        live = {marks.get("NBYARD_ATTEMPT_ID", NOT_WORK) for marks in self.checker.marks().values()}
        for folder in (self.store / "attempts" / attempt for attempt in live - {NOT_WORK}):
            with contextlib.suppress(OSError, ValueError):
                pid = json.loads((folder / "runner.json").read_text())["pid"]
                if not (folder / "result.json").exists() and psutil.pid_exists(pid):
                    found.append(pid)
        return found

    def has_begun(self, node: str, run: str = "") -> bool:
        """Return whether the node is or was executed."""
        found = self.checker.executions()
        return any(one.node == node and run in ("", one.run) for one in found)

    def all_ended(self) -> bool:
        return all(state in ENDED for state in self.states().values())

    def check(self, at_most: int = 0) -> None:
        """Check all promises; killed processes may take a moment to disappear."""
        end = time.monotonic() + SETTLE_SECONDS
        self.yard.store.poke()  # a stopped server leaves its socket to whoever wakes others next
        while found := self.checker.violations(self.acknowledged, at_most):
            assert time.monotonic() < end, "\n".join(found)
            time.sleep(0.05)

    def lease(self) -> dict[str, Any] | None:
        return next((row for row in self.checker.rows().leases if row["name"] == LEASE), None)

    def holder(self) -> int:
        """Return the process ID of the live dispatcher with the lease, or 0."""
        lease = self.lease()
        if lease is None or is_dead(lease["holder"]) or lease["until"] < time.time():
            return 0
        return int(lease["holder"].split(":")[1])

    def working(self) -> dict[int, str]:
        """Return live processes with the store's mark, without prepared parents."""
        found = {}
        for pid, words in self.checker.processes().items():
            with contextlib.suppress(psutil.Error):
                if psutil.Process(pid).environ().get("NBYARD_ATTEMPT_ID") != NOT_WORK:
                    found[pid] = words
        return found

    def states(self) -> dict[str, str]:
        """Return the states of all runs."""
        return self.checker.run_states()

    def told(self) -> str:
        """Return the last log lines of dispatchers and servers."""
        return self.log.read_text()[-3000:] if self.log.exists() else ""

    def close(self) -> None:
        """Kill what a failed test left, each process by its ID."""
        for process in self._started:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if pid := self.holder():
            os.kill(pid, signal.SIGKILL)
        for pid in self.checker.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.yard.close()


def is_gone(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def stopped_between_writes(place: Place, pid: int) -> bool:
    """Suspend a process; return whether it is without SQLite's lock.

    A process with the lock resumes, to be suspended later."""
    os.kill(pid, signal.SIGSTOP)
    with (place.store / "write.lock").open("a") as handle:
        try:
            fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.kill(pid, signal.SIGCONT)
            return False
    return True


class Server:
    """`jupyter server` in its own session; it starts dispatchers as usual."""

    def __init__(self, place: Place, **environment: str):
        self.place = place
        self._token = secrets.token_hex(8)
        self._environment = environment
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    def start(self) -> "Server":
        options = {
            "ServerApp.port": self._port,
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.open_browser": False,
            "ServerApp.root_dir": self.place.root,
            "ServerApp.jpserver_extensions": {**dict.fromkeys(OTHERS, False), "nbyard": True},
            "IdentityProvider.token": self._token,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        with self.place.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server", "--allow-root", *words],
                cwd=self.place.root,
                env=self.place.environment(**self._environment),
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._answers, "the server")
        return self

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.place.told()
        with contextlib.suppress(OSError):
            return self.ask("GET", "/runs")[0] == 200
        return False

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Return status and response; raise OSError without a response."""
        headers = {"Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        return self.send(method, path, None if body is None else json.dumps(body).encode(), headers)

    def send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, Any]:
        """Return status and response; raise OSError without a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            own = {"Authorization": f"token {self._token}", **headers}
            connection.request(method, f"/nbyard/api{path}", body, own)
            answer = connection.getresponse()
            self.headers = answer.headers
            content = answer.read()
            return answer.status, json.loads(content) if content else None
        except http.client.HTTPException as error:
            raise OSError(f"no answer: {error!r}") from error
        finally:
            connection.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_dead(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE_SECONDS)

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the server as people do, which leaves nothing."""
        if not self.is_dead():
            self._process.terminate()
        try:
            self._process.wait(PATIENCE_SECONDS)
        finally:
            self.kill()
