"""Compare requests through a user's server with requests to the service of the JupyterHub.

    python benchmarks/forwarding.py [--requests 400] [--megabytes 1024] [--rounds 3] [--smallest]

| contender | what is measured |
|---|---|
| direct | a list of runs from the service, over one kept connection; an upload to the service |
| forwarded | the same through a user's server, which adds its token |

The requests alternate. An upload is sent in pieces as by `nbyard datasets add`. Meanwhile, the
memory of the user's server is read ten times a second.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from parts.live_server import live_server
from parts.paired import options_of, print_line

from nbyard.client import Client

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.unit.rest.hubs import PREFIX, HubService

TARGETS = "targets: 5 ms per request at p50, 0.8 of the throughput, at most 32 MiB more memory"
PIECE = 8 << 20


class Asker:
    """Sends the same request over one connection."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._path, self._headers = path, {"Authorization": f"token {token}"}

    def __call__(self) -> float:
        """Return the milliseconds until the whole answer is there."""
        start = time.perf_counter()
        self._connection.request("GET", self._path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200
        return 1000 * (time.perf_counter() - start)


class Memory:
    """Reads the memory of a process until the block ends."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.most = self.before = self._process.memory_info().rss

    def _read(self) -> None:
        while not self._ended.wait(0.1):
            self.most = max(self.most, self._process.memory_info().rss)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def uploaded(client: Client, megabytes: int) -> float:
    """Return the seconds of an upload, which is then deleted."""
    piece, size = bytes(PIECE), megabytes << 20
    start = time.perf_counter()
    key = client.upload("zeros.bin", size, iter([piece] * (size // PIECE)))
    seconds = time.perf_counter() - start
    client.uploads.delete(upload=key)
    return seconds


def compare_requests(ways: dict[str, Asker], number: int, warm_up: int) -> dict[str, float]:
    """Return the milliseconds of a request by its way, at p50."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-warm_up, number):
        for name in sorted(ways, reverse=bool(turn % 2)):
            took = ways[name]()
            times[name] += [took] if turn >= 0 else []
    middle = {name: statistics.median(found) for name, found in times.items()}
    return {name: round(found, 2) for name, found in middle.items()}


def compare_uploads(clients: dict[str, Client], megabytes: int, rounds: int) -> float:
    """Return the throughput of forwarded uploads as a part of that of direct ones."""
    rates: dict[str, list[float]] = {name: [] for name in clients}
    for turn in range(rounds):
        for name in sorted(clients, reverse=bool(turn % 2)):
            rates[name].append(megabytes / uploaded(clients[name], megabytes))
    pairs = zip(rates["forwarded"], rates["direct"], strict=True)
    return statistics.median(forwarded / direct for forwarded, direct in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    options = options_of(parser, requests=20, megabytes=16, rounds=1)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        service = HubService(folder, cache_seconds=30).start()
        user = {"NBYARD_HUB_URL": service.url, "JUPYTERHUB_API_TOKEN": "ann"}
        try:
            with live_server(folder / "ann", user) as server:
                port = int(server.url.rpartition(":")[2])
                direct = Asker(service.port, f"{PREFIX}nbyard/api/runs", "ann")
                forwarded = Asker(port, "/nbyard/api/runs", server.token)
                ways = {"direct": direct, "forwarded": forwarded}
                request_ms = compare_requests(ways, options.requests, 20 * options.warm_up)
                clients = {
                    "direct": Client(service.url, "ann"),
                    "forwarded": Client(server.url, server.token),
                }
                with Memory(server.pid) as memory:
                    ratio = compare_uploads(clients, options.megabytes, options.rounds)
                more = max(0, round((memory.most - memory.before) / 2**20))
        finally:
            service.stop()
    print(TARGETS, file=sys.stderr)
    print_line("forwarding", request_ms=request_ms, upload=round(ratio, 2), memory_mib=more)


if __name__ == "__main__":
    main()
