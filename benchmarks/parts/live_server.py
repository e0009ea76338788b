"""Run a Jupyter server with nbyard in its own process, with its store and dispatcher."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbyard.settings import Settings
from nbyard.yard import Yard

SECONDS = 300
# of the environment, they take half of the time of a start
OTHERS = (
    *("jupyterlab", "jupyter_lsp", "jupyter_server_fileid", "jupyter_server_terminals"),
    *("jupyter_server_ydoc", "notebook_shim"),
)


@dataclass
class LiveServer:
    """A running server; `variables` are the settings for other users of its store."""

    url: str
    token: str
    yard: Yard
    pid: int
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def socket_url(self) -> str:
        """Return the address of the event socket."""
        return f"{self.url.replace('http', 'ws', 1)}/nbyard/api/events/socket"


@contextlib.contextmanager
def live_server(folder: Path, more: Mapping[str, str] | None = None) -> Iterator[LiveServer]:
    """Start a server for the whole machine's files; `more` are settings as variables."""
    settings = {"NBYARD_STORE_DIR": str(folder / "store"), "NBYARD_IDLE_SECONDS": "600"}
    settings |= more or {}
    variables = {**os.environ, **settings}
    for name in ("CONFIG", "DATA", "RUNTIME"):
        variables[f"JUPYTER_{name}_DIR"] = str(folder / name.lower())
    (folder / "config").mkdir(parents=True)
    known = {"ServerApp": {"jpserver_extensions": {**dict.fromkeys(OTHERS, False), "nbyard": True}}}
    (folder / "config/jupyter_server_config.json").write_text(json.dumps(known))
    port, token = _free_port(), secrets.token_hex(16)
    command = [*(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root")]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--ServerApp.root_dir=/"]
    command += [f"--IdentityProvider.token={token}"]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    store = Settings(store_dir=settings["NBYARD_STORE_DIR"])
    try:
        _until(lambda: _answers(f"{url}/nbyard/api/runs?token={token}", process))
        with Yard.open(store) as yard:
            try:
                yield LiveServer(url, token, yard, process.pid, settings)
            finally:
                end_dispatcher(yard)
    finally:
        process.terminate()
        process.wait(SECONDS)


def end_dispatcher(yard: Yard) -> None:
    """Stop the dispatcher and wait until it is gone."""
    with yard.store.read() as c:
        lease = yard.store.leases.get(c, "dispatcher")
    if lease is not None:
        pid = int(lease.holder.split(":")[1])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        _until(lambda: not Path(f"/proc/{pid}").exists())


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended; see server.log"
    try:
        with urllib.request.urlopen(url, timeout=SECONDS):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
