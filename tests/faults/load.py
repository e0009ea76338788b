"""An outside client that submits without pause and retries when it gets no response."""

import contextlib
import random
import secrets
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

OPEN_RUNS = 6
PAUSE_SECONDS = 0.1


class Asked(Protocol):
    """A server, as far as this client uses it."""

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]: ...


class Load:
    """Threads that keep a few runs open on these servers; `acknowledged` has the responses."""

    def __init__(self, servers: Sequence[Asked], bodies: Sequence[dict[str, Any]], chance: str):
        self._servers = servers
        self._bodies = bodies
        self._chance = random.Random(chance)
        self._going = threading.Event()
        self._ended = threading.Event()
        self.acknowledged: dict[str, str] = {}
        self.unanswered = 0
        self.refused: list[str] = []
        self._open: set[str] = set()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Submit during the block; afterwards, wait for all responses."""
        self._going.set()
        thread = threading.Thread(target=self._submit, name="load")
        thread.start()
        try:
            yield
        finally:
            self._going.clear()
            thread.join()
        assert not self.refused, self.refused

    def _submit(self) -> None:
        while self._going.is_set():
            if self._count_open() < OPEN_RUNS:
                self._one()
            else:
                self._ended.wait(PAUSE_SECONDS)

    def _one(self) -> None:
        key, body = secrets.token_hex(8), self._chance.choice(self._bodies)
        while True:
            server = self._chance.choice(self._servers)
            try:
                status, told = server.ask("POST", "/runs", body, key)
            except OSError:
                status, told = 0, None
            if status == 201:
                self.acknowledged[key] = told["id"]
                self._open.add(told["id"])
                return
            if 0 < status < 500 or status == 500:
                self.refused.append(f"{status} {told}")
                return
            self.unanswered += 1
            self._ended.wait(PAUSE_SECONDS)

    def _count_open(self) -> int:
        """Count open runs; the request also makes the server check for a live dispatcher."""
        with contextlib.suppress(OSError):
            for run in list(self._open):
                status, told = self._chance.choice(self._servers).ask("GET", f"/runs/{run}")
                if status == 200 and told["run"]["state"] in ("succeeded", "failed", "cancelled"):
                    self._open.discard(run)
        return len(self._open)

    def poll(self) -> bool:
        """Return whether all submitted runs have ended."""
        return not self._count_open()
