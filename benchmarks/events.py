"""Measure events from the store to many browser windows.

    python benchmarks/events.py [--rate 20000] [--clients 50] [--seconds 5] [--rounds 5]
        [--smallest]

One process writes events in groups, a Jupyter server forwards them, and every window must get each
event once, in order.

| contender | what is measured |
|---|---|
| nbyard | rows written by another process, read and sent by the extension of a Jupyter server |
| floor: broadcast | a bare tornado server creates and sends the same events |

A round lasts until the last event reaches the last window. The delays are those of every event in
every window, from just before its write to its arrival. The processor time is that of the server
alone.
"""

import argparse
import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from parts.live_server import LiveServer, live_server
from parts.paired import measure, options_of, print_line, report
from parts.processor import processor_seconds

ROLES = Path(__file__).parent / "parts" / "event_roles.py"
SECONDS = 600
Told = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=int, default=20_000, help="events a second")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = options_of(parser, rate=200, clients=2, seconds=0.2, rounds=1)
    bench = Bench(options.rate, options.clients, int(options.rate * options.seconds))
    with tempfile.TemporaryDirectory() as name, live_server(Path(name)) as server:
        contenders = {
            "nbyard": lambda: bench.through_store(server),
            "floor: broadcast": bench.broadcast,
        }
        if options.warm_up:
            measure(contenders, 1)
            bench.told = {name: [] for name in contenders}
        seconds = measure(contenders, options.rounds)
    title = f"{bench.total} events at {options.rate}/s to {options.clients} windows"
    report(title, seconds, ("floor: broadcast",))
    bench.report()


class Bench:
    """Events at a rate, and their recipients."""

    def __init__(self, rate: int, clients: int, total: int):
        self.rate = rate
        self.clients = clients
        self.total = total
        self.told: dict[str, list[Told]] = {"nbyard": [], "floor: broadcast": []}

    def through_store(self, server: LiveServer) -> float:
        """Send events through the store and a server; return the seconds."""
        store = server.variables["NBYARD_STORE_DIR"]
        with role("listen", server.socket_url, server.token, self.clients, self.total) as heard:
            expect_ready(heard)
            before = processor_seconds(server.pid)
            with role("write", store, self.rate, self.total) as writing:
                took = self._conclude("nbyard", heard, writing)
            self.told["nbyard"][-1]["processor"] = processor_seconds(server.pid) - before
            return took

    def broadcast(self) -> float:
        """Send events from a bare server; return the seconds."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with role("broadcast", port, self.rate, self.total) as sending:
            expect_ready(sending)
            url = f"ws://127.0.0.1:{port}/"
            with role("listen", url, "none", self.clients, self.total) as heard:
                expect_ready(heard)
                say(sending)
                took = self._conclude("floor: broadcast", heard)
                used = processor_seconds(sending.pid)
                self.told["floor: broadcast"][-1]["processor"] = used
                say(sending)
                return took

    def _conclude(self, name: str, heard: Any, writing: Any = None) -> float:
        if writing is not None:
            assert writing.wait(SECONDS) == 0, "the writer failed"
        told: Told = json.loads(heard.stdout.readline())
        assert told["wrong"] == 0, f"events came twice, late or not at all: {told}"
        self.told[name].append(told)
        return float(max(told["seconds"]))

    def report(self) -> None:
        """Print rates and delays."""
        lines = [
            f"{'medians of the rounds':24} {'events/s':>9} {'p50':>7} {'p95':>7} {'p99':>7} ms"
        ]
        for name, found in self.told.items():
            rate = statistics.median(self.total / max(told["seconds"]) for told in found)
            parts = [
                1000 * statistics.median(told["delays"][part] for told in found)
                for part in ("p50", "p95", "p99")
            ]
            frames = statistics.median(told["frames"] for told in found)
            shown = " ".join(f"{part:7.1f}" for part in parts)
            used = statistics.median(told["processor"] for told in found)
            lines.append(f"{name:24} {rate:9.0f} {shown} {frames:7.0f} {used:12.1f}")
        sys.stderr.write("\n".join(lines) + "\n")
        print_line("Delays of events", told=self.told)


@contextlib.contextmanager
def role(name: str, *words: object) -> Any:
    """Start a process of `event_roles.py`, and kill it after an error."""
    command = [sys.executable, str(ROLES), name, *map(str, words)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def expect_ready(process: Any) -> None:
    """Wait for the line `ready` of a process."""
    said = process.stdout.readline()
    assert said == "ready\n", f"said {said!r} instead of ready"


def say(process: Any) -> None:
    """Send an empty line to a process."""
    process.stdin.write("\n")
    process.stdin.flush()


if __name__ == "__main__":
    main()
