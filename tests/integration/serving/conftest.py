"""Servers of models, as in an image."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ...unit.serving.models import MODEL, SPEC, write_model

SECONDS = 60


class Answered(NamedTuple):
    status: int
    body: Any
    headers: dict[str, str]


class Server(NamedTuple):
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(
        self, path: str, body: Any = None, method: str = "", headers: Mapping[str, str] = {}
    ) -> Answered:
        """Send a request with JSON, or with bytes unchanged."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data, dict(headers), method=method or None)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as found:
                return _answered(found)
        except urllib.error.HTTPError as error:
            with error:
                return _answered(error)


def _answered(found: Any) -> Answered:
    text = found.read()
    is_json = found.headers["content-type"].startswith("application/json")
    return Answered(
        found.status,
        json.loads(text) if is_json and text else text.decode(),
        {name.lower(): value for name, value in found.headers.items()},
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start(folder: Path, spec: dict[str, Any], **variables: str) -> Server:
    port, log = free_port(), folder / "log"
    words = ["-m", "nbyard.serving", "nbyard.serving.http:HttpMode"]
    own = {"NBYARD_PORT": str(port), "NBYARD_HOST": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, *words, "--model", json.dumps(spec), "--root", str(folder)],
            env={**os.environ, **own, **variables},
            stderr=said,
        )
    return Server(port, process, log)


def until(is_so: Callable[[], bool], server: Server) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if is_so():
                return
        except OSError:
            pass
        assert server.process.poll() is None, server.log.read_text()
        time.sleep(0.02)
    raise AssertionError(server.log.read_text())


def stop(server: Server) -> None:
    """Stop a server, which exits without an error."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(SECONDS) == 0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server and waits until its model is ready."""
    started: list[Server] = []

    def serve(
        code: str = MODEL,
        spec: dict[str, Any] = SPEC,
        headers: Mapping[str, str] = {},
        **variables: str,
    ) -> Server:
        write_model(tmp_path, code)
        made = start(tmp_path, spec, **variables)
        started.append(made)
        until(lambda: made.ask("/v2/health/ready", headers=headers).status == 200, made)
        return made

    yield serve
    for one in started:
        if one.process.returncode is None:
            stop(one)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server of the model that doubles its input."""
    folder = tmp_path_factory.mktemp("doubling")
    write_model(folder)
    found = start(folder, SPEC, NBYARD_MAX_BODY_BYTES="100000")
    try:
        until(lambda: found.ask("/v2/health/ready").status == 200, found)
        yield found
    finally:
        stop(found)
