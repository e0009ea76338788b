"""What the extension costs JupyterLab's start: the server until its first answer, the browser
until the launcher shows; with nbyard and without.

    python benchmarks/server_start.py [--rounds 7] [--browser /usr/bin/chromium]

Each server start is a fresh process with settings of its own; each page a browser that knows
nothing yet. The browser part needs `pip install playwright` and a Chromium, and is left out with
`--browser ''`.
"""

import argparse
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_path
from paired import Work, measure, report

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CARD = ".jp-LauncherCard"
SECONDS = 120


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--browser", default="/usr/bin/chromium", help="'' leaves it out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configure(folder / "with", enabled=True)
        configure(folder / "without", enabled=False)
        servers(folder, options.rounds)
        if options.browser:
            launchers(folder, options.rounds, options.browser)


def configure(folder: Path, *, enabled: bool) -> None:
    """Jupyter's own places for one contender, with nbyard or without on both sides."""
    for name in ("config", "root", "labextensions"):
        (folder / name).mkdir(parents=True)
    server = {"ServerApp": {"jpserver_extensions": {"nbyard": enabled}}}
    (folder / "config/jupyter_server_config.json").write_text(json.dumps(server))
    for place in map(Path, jupyter_path("labextensions")):
        for found in (*place.glob("[!@]*/package.json"), *place.glob("@*/*/package.json")):
            name = found.parent.relative_to(place)
            link = folder / "labextensions" / name
            if (enabled or str(name) != "nbyard") and not link.exists():
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(found.parent.resolve())


def servers(folder: Path, rounds: int) -> None:
    contenders: dict[str, Work] = {
        "with nbyard": partial(start_and_stop, folder / "with"),
        "without": partial(start_and_stop, folder / "without"),
        "floor: import jupyterlab": partial(imports, "jupyterlab.labapp"),
        "floor: python": partial(imports, "sys"),
    }
    for work in contenders.values():
        work()
    seconds = measure(contenders, rounds)
    report("JupyterLab's server until its first answer", seconds, ("without",))


def start_and_stop(folder: Path) -> float:
    start = time.perf_counter()
    with server(folder):
        return time.perf_counter() - start


def imports(module: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, timeout=SECONDS)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """A running JupyterLab; the address of its launcher."""
    port, token = free_port(), secrets.token_hex(16)
    variables = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "NBYARD_STORE_DIR": str(folder / "store"),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        f"--ServerApp.root_dir={folder / 'root'}",
        f"--LabApp.labextensions_path={folder / 'labextensions'}",
    ]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", process)
        yield f"http://127.0.0.1:{port}/lab?reset&token={token}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)


def wait_for(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended; see server.log"
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(address, timeout=SECONDS).close()
            return
        time.sleep(0.01)
    raise TimeoutError(address)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launchers(folder: Path, rounds: int, browser: str) -> None:
    """Both servers stay up; each round opens a page of each, in a context without a cache."""
    from playwright.sync_api import sync_playwright

    with (
        server(folder / "with") as on,
        server(folder / "without") as off,
        sync_playwright() as playwright,
        contextlib.closing(
            playwright.chromium.launch(executable_path=browser, args=list(FLAGS))
        ) as chromium,
    ):
        contenders: dict[str, Work] = {
            "with nbyard": partial(launcher, chromium, on),
            "without": partial(launcher, chromium, off),
            "floor: an empty page": partial(empty_page, chromium),
        }
        assert has_nbyard(chromium, on) and not has_nbyard(chromium, off), "not what is compared"
        seconds = measure(contenders, rounds)
    report("The browser until the launcher shows", seconds, ("without",))


def launcher(chromium: Any, address: str) -> float:
    with page(chromium) as fresh:
        start = time.perf_counter()
        fresh.goto(address)
        fresh.wait_for_selector(CARD, timeout=SECONDS * 1000)
        return time.perf_counter() - start


def has_nbyard(chromium: Any, address: str) -> bool:
    """Whether the page brings our extension along; warms the server as well."""
    with page(chromium) as fresh:
        fresh.goto(address)
        fresh.wait_for_selector(CARD, timeout=SECONDS * 1000)
        config = json.loads(fresh.locator("#jupyter-config-data").text_content())
    return any(found["name"] == "nbyard" for found in config["federated_extensions"])


def empty_page(chromium: Any) -> float:
    with page(chromium) as fresh:
        start = time.perf_counter()
        fresh.goto("about:blank")
        return time.perf_counter() - start


@contextlib.contextmanager
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    try:
        yield context.new_page()
    finally:
        context.close()


if __name__ == "__main__":
    main()
