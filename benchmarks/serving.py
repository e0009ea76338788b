"""Compare a scikit-learn model behind HTTP in nbyard, FastAPI, MLServer and BentoML.

    python benchmarks/serving.py [--rounds 5] [--seconds 3] [--peers fastapi …] [--smallest]

| contender | what is measured |
|---|---|
| nbyard | the mode http |
| fastapi | an app with a pydantic model, in uvicorn |
| mlserver | a custom runtime |
| bentoml | a service |

Each is one process that checks the types of a request. Clients send one row of JSON, wait for the
response and check it. Every round starts each server once and sends some warm-up requests. It
measures requests per second and their times with 1 client and with 32. Peers are installed into
their own environments. The output names peers that cannot be installed or do not start.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from parts.paired import options_of, print_line
from peers.environments import NEEDS_OWN, CannotTakePart, python_with

HERE = Path(__file__).parent / "peers" / "serving"
ROW = {"a": 1.0, "b": 0.5, "c": 0.25, "d": 0.1}
CLIENTS = (1, 32)
SAME = ("numpy", "pandas", "scikit-learn")
START_SECONDS = 300
TENSORS = [
    {"name": name, "shape": [1], "datatype": "FP64", "data": [value]} for name, value in ROW.items()
]
TARGETS = "targets: requests/s at 32 clients 4x FastAPI, 8x MLServer, 20x BentoML; p99 at most 1/3"


@dataclass(frozen=True)
class Server:
    """How to start a contender on a port, in its own folder, and how to call it."""

    packages: tuple[str, ...]
    words: Callable[[str, int, Path], list[str]]
    path: str = "/predict"
    body: object = field(default_factory=lambda: ROW)
    expected: str = '"kind":1'


def _ours(python: str, port: int, folder: Path) -> list[str]:
    columns = [{"name": name, "type": "float"} for name in ROW]
    told: dict[str, object] = {"name": "sorter", "version": "1", "mode": "http"}
    told |= {"flavour": "class", "src": ".", "module": "model", "class": "Sorter", "metadata": {}}
    told |= {"input_schema": columns, "output_schema": [{"name": "kind", "type": "int"}]}
    mode = ["-m", "nbyard.serving", "nbyard.serving.http:HttpMode"]
    return [python, *mode, "--model", json.dumps(told), "--root", str(HERE)]


def _fastapi(python: str, port: int, folder: Path) -> list[str]:
    quiet = ["--log-level", "warning", "--no-access-log"]
    return [python, "-m", "uvicorn", "with_fastapi:app", "--port", str(port), *quiet]


def _bentoml(python: str, port: int, folder: Path) -> list[str]:
    return [python, "-m", "bentoml", "serve", "with_bentoml:Service", "--port", str(port)]


def _mlserver(python: str, port: int, folder: Path) -> list[str]:
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    settings = {"host": "127.0.0.1", "parallel_workers": 0, **ports}
    (folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "sorter", "implementation": "with_mlserver.Runtime"}
    (folder / "model-settings.json").write_text(json.dumps(model))
    return [str(Path(python).with_name("mlserver")), "start", str(folder)]


SERVERS = {
    "nbyard": Server((), _ours),
    "fastapi": Server(("fastapi", "uvicorn[standard]"), _fastapi),
    "mlserver": Server(
        ("mlserver",), _mlserver, "/v2/models/sorter/infer", {"inputs": TENSORS}, '"kind"'
    ),
    "bentoml": Server(("bentoml",), _bentoml),
}


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(server: Server, python: str, *headers: str, **more: str) -> Iterator[int]:
    """Run a server until the end of the block, and yield its port.

    `more` are its further variables; it answers requests with these `headers`.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        variables = {"PYTHONPATH": str(HERE), "NBYARD_PORT": str(port), "NBYARD_HOST": "127.0.0.1"}
        process = subprocess.Popen(
            server.words(python, port, Path(folder)),
            env={**os.environ, **variables, **more},
            cwd=HERE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait(server, port, process, *headers)
            yield port
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def wait(server: Server, port: int, process: "subprocess.Popen[bytes]", *headers: str) -> None:
    """Wait until a server responds; raise CannotTakePart if it does not."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            ask(server, port, 1, 0.2, *headers)
        except (OSError, subprocess.CalledProcessError):
            time.sleep(0.05)
        else:
            return
    raise CannotTakePart("it does not answer")


def ask(server: Server, port: int, clients: int, seconds: float, *headers: str) -> list[float]:
    """Return the sorted times of all requests."""
    words = [server.path, str(clients), str(seconds), server.expected, json.dumps(server.body)]
    command = [sys.executable, str(HERE / "asking.py"), str(port), *words, *headers]
    said = subprocess.run(command, capture_output=True, check=True, text=True)
    found: list[float] = json.loads(said.stdout)
    return found


def measured(server: Server, python: str, seconds: float) -> dict[str, float]:
    """Measure one server with each number of clients."""
    found = {}
    with running(server, python) as port:
        ask(server, port, max(CLIENTS), min(1, seconds))
        for clients in CLIENTS:
            times = ask(server, port, clients, seconds)
            found[f"rps@{clients}"] = len(times) / seconds
            found[f"p50@{clients}"] = 1000 * times[len(times) // 2]
            found[f"p99@{clients}"] = 1000 * times[len(times) * 99 // 100]
    return found


class Contenders:
    """The interpreter of each contender, and why other contenders are left out."""

    def __init__(self, peers: Sequence[str]):
        self.pythons = {"nbyard": sys.executable}
        self.left_out = {name: NEEDS_OWN for name in SERVERS if name not in ("nbyard", *peers)}
        for name in peers:
            try:
                same = python_with(name, SERVERS[name].packages + SAME[2:], SAME)
                self.pythons[name] = str(same)
            except CannotTakePart as error:
                self.left_out[name] = str(error)

    def round(self, turn: int, seconds: float) -> dict[str, dict[str, float]]:
        """Measure each contender once, starting with another one each time."""
        found = {}
        names = list(self.pythons)
        turn %= len(names)
        for name in names[turn:] + names[:turn]:
            try:
                found[name] = measured(SERVERS[name], self.pythons[name], seconds)
            except CannotTakePart as error:
                self.left_out[name] = str(error)
                del self.pythons[name]
        return found


def report(rounds: list[dict[str, dict[str, float]]], left_out: dict[str, str]) -> None:
    """Write the medians, and the medians of the ratios of each round's pair."""
    names = [name for name in SERVERS if all(name in one for one in rounds)]
    medians, ratios = {}, {}
    for name in names:
        keys = rounds[0][name]
        medians[name] = {key: statistics.median(one[name][key] for one in rounds) for key in keys}
        shown = "  ".join(f"{key} {value:9.2f}" for key, value in medians[name].items())
        sys.stderr.write(f"{name:9} {shown}\n")
    for name in names[1:]:
        ratios[f"nbyard / {name}"] = pairs = {
            key: statistics.median(one["nbyard"][key] / one[name][key] for one in rounds)
            for key in rounds[0][name]
        }
        shown = "  ".join(f"{key} {value:9.2f}" for key, value in pairs.items())
        sys.stderr.write(f"/ {name:7} {shown}\n")
    sys.stderr.write(f"{TARGETS}\n")
    title = "A model behind HTTP"
    print_line(title, rounds=rounds, medians=medians, ratios=ratios, left_out=left_out)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--peers", nargs="*", default=[n for n in SERVERS if n != "nbyard"])
    options = options_of(parser, rounds=1, seconds=0.2, peers=[])
    contenders = Contenders(options.peers)
    rounds = [contenders.round(turn, options.seconds) for turn in range(options.rounds)]
    if "nbyard" in contenders.left_out:
        sys.exit(f"nbyard: {contenders.left_out['nbyard']}")
    report(rounds, contenders.left_out)


if __name__ == "__main__":
    main()
