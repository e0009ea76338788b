"""Measure the service of a JupyterHub under the load of its users.

    python benchmarks/hub_load.py [--users 20] [--seconds 60] [--pause 2] [--every 10]
        [--smallest]

Each user has a token and an event socket, lists runs every `--pause` seconds, and starts a small
run with every `--every`-th request. The store is in PostgreSQL. The hub is a stub that answers at
once, and runs are processes of one shell command: containers need their own cores and memory.

| line | what is measured |
|---|---|
| list | milliseconds until the whole answer is there, at p50 and p95 |
| submit | the same for the start of a run |
| event | milliseconds from the answer of a submission to its event at the socket |
| service | MiB at the end (without shared pages), and percent of one core |
| dispatcher | the same |
| PostgreSQL | the same |
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil
from parts.paired import options_of, print_line
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.faults.hub_place import WITH_PROCESSES
from tests.support.postgres import Postgres
from tests.unit.rest.hubs import RIGHTS, HubService

from nbyard.freezing.pushed_folders import home_folder

MIB = 2**20
WARM_UP_SECONDS = 5


class User:
    """One user of the service, and what was measured of their requests."""

    def __init__(self, service: HubService, name: str, taken: dict[str, list[float]]) -> None:
        self._url, self._name, self._taken = service.url, name, taken
        self._headers = {"Authorization": f"token {name}", "Content-Type": "application/json"}
        self._answered: dict[str, float] = {}
        folder = home_folder(service.store, name)
        folder.mkdir(parents=True)
        (folder / "hello.sh").write_text("echo hello\n")

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        sent = None if body is None else json.dumps(body)
        url, start = f"{self._url}nbyard/api{path}", time.perf_counter()
        request = HTTPRequest(url, method, self._headers, sent, request_timeout=60)
        answer = await AsyncHTTPClient().fetch(request)
        kind = "list" if method == "GET" else "submit"
        self._taken[kind].append(1000 * (time.perf_counter() - start))
        return dict(json.loads(answer.body))

    async def _follow(self) -> None:
        url = f"{self._url}nbyard/api/events/socket".replace("http", "ws", 1)
        window = await websocket_connect(HTTPRequest(url, headers=self._headers))
        await window.write_message('{"after": 0}')
        while (frame := await window.read_message()) is not None:
            for event in json.loads(str(frame)).get("events", []):
                if (since := self._answered.pop(event["subject_id"], None)) is not None:
                    self._taken["event"].append(max(0.0, 1000 * (time.perf_counter() - since)))

    async def work(self, seconds: float, pause: float, every: int) -> None:
        """Send requests for so long."""
        following = asyncio.create_task(self._follow())
        end, number = time.monotonic() + seconds, random.randrange(every)
        while time.monotonic() < end:
            await asyncio.sleep(random.uniform(0.5, 1.5) * pause)
            number += 1
            if number % every:
                await self._ask("GET", "/runs?limit=50")
            else:
                run = {"path": "hello.sh", "runtime": "process", "force": True}
                made = await self._ask("POST", "/runs", run)
                self._answered[str(made["id"])] = time.perf_counter()
        following.cancel()


def processes(service: HubService, database: Postgres) -> dict[str, list[psutil.Process]]:
    """Return the processes of each program."""
    found: dict[str, list[psutil.Process]] = defaultdict(list)
    found["service"].append(psutil.Process(service.process.pid))
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "nbyard.dispatch" in words and str(service.store) in str(process.environ()):
            found["dispatcher"].append(process)
    found["PostgreSQL"] += database.processes()
    return found


def seconds_of(group: list[psutil.Process]) -> float:
    """Return the processor time of processes that still run."""
    return sum(sum(p.cpu_times()[:2]) for p in group if p.is_running())


async def load(service: HubService, database: Postgres, given: argparse.Namespace) -> None:
    """Let all users work, and print the figures as one line of JSON."""
    AsyncHTTPClient.configure(None, max_clients=10 * given.users)
    taken: dict[str, list[float]] = defaultdict(list)
    users = [User(service, name, taken) for name in service.people.rights if name[0] == "u"]
    works = asyncio.gather(*(user.work(given.seconds, given.pause, given.every) for user in users))
    await asyncio.sleep(WARM_UP_SECONDS)
    while not (known := await asyncio.to_thread(processes, service, database))["dispatcher"]:
        await asyncio.sleep(0.1)  # no user has started a run
    start = time.monotonic()
    before = {name: seconds_of(group) for name, group in known.items()}
    await works
    passed = time.monotonic() - start
    figures: dict[str, list[float]] = {}
    for name, times in sorted(taken.items()):
        ordered = sorted(times)
        figures[name] = [round(ordered[int(len(ordered) * share)], 1) for share in (0.5, 0.95)]
    for process in known["dispatcher"]:
        assert process.is_running(), "another dispatcher took over"
    for name, group in known.items():
        memory = sum(p.memory_full_info().pss for p in group if p.is_running())
        share = (seconds_of(group) - before[name]) / passed
        figures[name] = [round(memory / MIB), round(100 * max(0.0, share), 1)]
    measured: dict[str, Any] = {"users": given.users, "requests": len(taken["list"]), **figures}
    print_line("hub load", **measured)


def main() -> None:
    """Start the service and its database, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=2)
    parser.add_argument("--every", type=int, default=10)
    given = options_of(parser, users=2, seconds=8, every=2)
    database = Postgres().make().start()
    with tempfile.TemporaryDirectory() as folder:
        settings = {"database_url": database.url, "inline_dispatch": "False"}
        service = HubService(Path(folder), 20, WITH_PROCESSES, **settings)
        service.people.rights |= {f"u{number}": RIGHTS for number in range(given.users)}
        try:
            asyncio.run(load(service.start(), database, given))
        finally:
            for process in processes(service, database)["dispatcher"]:
                process.terminate()
            service.stop()
            database.remove()


if __name__ == "__main__":
    main()
