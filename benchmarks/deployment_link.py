"""Compare the link of a deployed model, through the Jupyter server, with its own port.

    python benchmarks/deployment_link.py [--rounds 5] [--seconds 3] [--smallest]

| contender | what is measured |
|---|---|
| direct | a model in the mode http, called at its port |
| link | the same process, called through the proxy of a Jupyter server with a token |

Clients send one row of JSON, wait for the response and check it: 1 client, then 32, each with its
own connection. Every round measures both ways, and the processor time of the Jupyter server per
request.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from parts.live_server import LiveServer, live_server
from parts.paired import options_of, print_line
from parts.processor import processor_seconds
from serving import CLIENTS, HERE, ROW, SERVERS, running

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import (
    NewDeployment,
    Place,
    Port,
    deployment_folder,
    link_path,
)
from nbyard.ipc.deployment_secret import KeptSecret
from nbyard.rest.identity import local_name

TARGETS = "targets: rps@32 of the link 0.7 of direct; at most 1 ms of the server's processor"
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


def ask(port: int, path: str, clients: int, seconds: float, *headers: str) -> list[float]:
    """Return the sorted times of all requests."""
    words = [path, str(clients), str(seconds), SERVERS["nbyard"].expected, json.dumps(ROW)]
    command = [sys.executable, str(HERE / "asking.py"), str(port), *words, *headers]
    said = subprocess.run(command, capture_output=True, check=True, text=True)
    times: list[float] = json.loads(said.stdout)
    return times


def measured(server: LiveServer, service: int, path: str, seconds: float) -> dict[str, Found]:
    """Measure both ways, once for each number of clients."""
    found: dict[str, Found] = {"direct": {}, "link": {}}
    port, token = int(server.url.rpartition(":")[2]), f"Authorization: token {server.token}"
    for clients in CLIENTS:
        times = {"direct": ask(service, "/predict", clients, seconds)}
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
        sys.stderr.write(f"{name:7} {shown}\n")
    ratios = {
        key: statistics.median(one["link"][key] / one["direct"][key] for one in rounds)
        for key in rounds[0]["direct"]
    }
    shown = "  ".join(f"{key} {value:9.2f}" for key, value in ratios.items())
    sys.stderr.write(f"ratio   {shown}\n{TARGETS}\n")
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
        live_server(Path(name), alone) as server,
    ):
        path = deploy(server, service)
        if options.warm_up:
            measured(server, service, path, 1)
        rounds = [measured(server, service, path, options.seconds) for _ in range(options.rounds)]
    report(rounds)


if __name__ == "__main__":
    main()
