"""Compare the ways to a deployed model: its link, and its own port with a key.

    python benchmarks/deployment_link.py [--rounds 5] [--seconds 3] [--smallest]

| contender | what is measured |
|---|---|
| direct | a model in the mode http that checks nothing, called at its port |
| key | a second process of the model that checks keys, called at its port with a key |
| own port | the second process, called with a key through the relay of a deployment's own port |
| link | the first process, called through the proxy of a Jupyter server with a token |

Clients send one row of JSON, wait for the response and check it: 1 client, then 32, each with its
own connection. Every round measures all ways, and the processor time of the Jupyter server per
request.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from parts.live_server import LiveServer, live_server
from parts.paired import options_of, print_line
from parts.processor import processor_seconds
from serving import CLIENTS, HERE, ROW, SERVERS, running

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.keys import hash_of_key, new_key_text
from nbyard.domain.deployments.structs import (
    KEYS_SUFFIX,
    SECRET_VARIABLE,
    NewDeployment,
    Place,
    Port,
    deployment_folder,
    link_path,
)
from nbyard.ipc.deployment_secret import KeptSecret
from nbyard.ipc.port_relay import Route, close_relay, open_relay
from nbyard.rest.identity import local_name

TARGETS = (
    "targets: rps@32 with a key 0.9 of direct, of the link 0.7; at most 1 ms of the server's"
    " processor"
)
Found = dict[str, float]


def deploy(server: LiveServer, port: int) -> str:
    """Store a deployment that responds at this port, and return its path."""
    owner, rows = Caller(local_name()), server.yard.store.deployments
    wish = NewDeployment("model:1", "own", "model", ports=[Port("api", 5000)])
    made = server.yard.services.deployments.create(owner, wish)
    with server.yard.store.write() as c:
        row = rows.revision(c, made.id, 1)
        assert row is not None
        place = Place("api", "127.0.0.1", port, answers=True)
        rows.set_revision(c, row.revision.id, places=[place])
        rows.route_requests(c, made, 1)
    # as for a model that was built here; this one runs without an image and requires no secret
    KeptSecret(server.yard.store.folder / deployment_folder(made.id), 1).create()
    return f"/{link_path('model', 'api')}predict"


@contextmanager
def own_port(folder: Path) -> Iterator[tuple[int, int, str]]:
    """Serve the model with keys; yield its port, that of its relay, and the header with a key."""
    key = new_key_text()
    header = f"Authorization: Bearer {key}"
    (folder / "1.secret").write_text("secret")
    content = {"keys": {hash_of_key(key): None}, "leaving": False}
    (folder / f"1{KEYS_SUFFIX}").write_text(json.dumps(content))
    secret = {SECRET_VARIABLE: str(folder / "1.secret")}
    with running(SERVERS["nbyard"], sys.executable, header, **secret) as port:
        try:
            yield port, open_relay(folder, Route("127.0.0.1", 0, port)), header
        finally:
            close_relay(folder)


def ask(port: int, path: str, clients: int, seconds: float, *headers: str) -> list[float]:
    """Return the sorted times of all requests."""
    words = [path, str(clients), str(seconds), SERVERS["nbyard"].expected, json.dumps(ROW)]
    command = [sys.executable, str(HERE / "asking.py"), str(port), *words, *headers]
    said = subprocess.run(command, capture_output=True, check=True, text=True)
    times: list[float] = json.loads(said.stdout)
    return times


def measured(
    server: LiveServer, service: int, own: tuple[int, int, str], path: str, seconds: float
) -> dict[str, Found]:
    """Measure all ways, once for each number of clients."""
    found: dict[str, Found] = {"direct": {}, "key": {}, "own port": {}, "link": {}}
    port, token = int(server.url.rpartition(":")[2]), f"Authorization: token {server.token}"
    for clients in CLIENTS:
        times = {"direct": ask(service, "/predict", clients, seconds)}
        times["key"] = ask(own[0], "/predict", clients, seconds, own[2])
        times["own port"] = ask(own[1], "/predict", clients, seconds, own[2])
        before = processor_seconds(server.pid)
        times["link"] = ask(port, path, clients, seconds, token)
        used = processor_seconds(server.pid) - before
        for name, each in times.items():
            found[name][f"rps@{clients}"] = len(each) / seconds
            found[name][f"p50@{clients}"] = 1000 * each[len(each) // 2]
            found[name][f"p99@{clients}"] = 1000 * each[len(each) * 99 // 100]
        found["link"][f"cpu ms@{clients}"] = 1000 * used / len(times["link"])
    return found


def report(rounds: list[dict[str, Found]]) -> None:
    """Write the medians, and the medians of each round's ratios."""
    medians = {
        name: {key: statistics.median(one[name][key] for one in rounds) for key in rounds[0][name]}
        for name in rounds[0]
    }
    for name, found in medians.items():
        shown = "  ".join(f"{key} {value:9.2f}" for key, value in found.items())
        sys.stderr.write(f"{name:8} {shown}\n")
    ratios = {
        way: {
            key: statistics.median(one[way][key] / one["direct"][key] for one in rounds)
            for key in rounds[0]["direct"]
        }
        for way in ("key", "own port", "link")
    }
    for way, each in ratios.items():
        shown = "  ".join(f"{key} {value:9.2f}" for key, value in each.items())
        sys.stderr.write(f"{way} / direct  {shown}\n")
    sys.stderr.write(f"{TARGETS}\n")
    print_line("The link of a deployment", rounds=rounds, medians=medians, ratios=ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = options_of(parser, rounds=1, seconds=0.3)
    alone = {"NBYARD_INLINE_DISPATCH": "1"}  # no dispatcher looks for its container
    with (
        tempfile.TemporaryDirectory() as name,
        running(SERVERS["nbyard"], sys.executable) as service,
        tempfile.TemporaryDirectory() as folder,
        own_port(Path(folder)) as own,
        live_server(Path(name), alone) as server,
    ):
        path = deploy(server, service)
        if options.warm_up:
            measured(server, service, own, path, 1)
        rounds = [
            measured(server, service, own, path, options.seconds) for _ in range(options.rounds)
        ]
    report(rounds)


if __name__ == "__main__":
    main()
