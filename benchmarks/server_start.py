"""Compare the start of JupyterLab with nbyard and without.

    python benchmarks/server_start.py [--rounds 7] [--browser PATH] [--smallest]

| contender | what is measured |
|---|---|
| with nbyard | the server until its first response; the browser until the launcher shows |
| without | the same |
| floor: import jupyterlab | `import jupyterlab.labapp` |
| floor: python | `import sys` |
| floor: an empty page | `about:blank` in the browser |

Each server start is a new process with its own settings. Each page is opened in a browser context
without a cache. The browser part needs Node, what `./check` installs in `ui-tests`, and a Chromium.
`--browser ''` skips it.
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

from jupyter_core.paths import jupyter_path
from parts.pages import Pages
from parts.paired import Work, measure, options_of, print_line, report

CHROMIUM = Path(__file__).resolve().parents[1] / "ui-tests/lab/chromium.py"
SECONDS = 300
PAGE = "The browser until the launcher shows"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--browser", default=str(CHROMIUM), help="'' leaves it out")
    options = options_of(parser, rounds=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configure(folder / "with", enabled=True)
        configure(folder / "without", enabled=False)
        servers(folder, options)
        if options.browser:
            launchers(folder, options)
        else:
            print_line(PAGE, left_out={"browser": "not chosen"})


def configure(folder: Path, *, enabled: bool) -> None:
    """Write Jupyter's folders for one contender, with or without nbyard in server and browser."""
    for name in ("config", "root", "labextensions"):
        (folder / name).mkdir(parents=True)
    server = {"ServerApp": {"jpserver_extensions": {"nbyard": enabled}}}
    (folder / "config/jupyter_server_config.json").write_text(json.dumps(server))
    for place in map(Path, jupyter_path("labextensions")):
        for found in (*place.glob("[!@]*/package.json"), *place.glob("@*/*/package.json")):
            name = str(found.parent.relative_to(place))
            link = folder / "labextensions" / name
            if (enabled or name != "nbyard") and not link.exists():
                link.parent.mkdir(exist_ok=True)
                link.symlink_to(found.parent.resolve())


def servers(folder: Path, options: argparse.Namespace) -> None:
    """Measure the start of the server."""
    contenders: dict[str, Work] = {
        "with nbyard": partial(start_and_stop, folder / "with"),
        "without": partial(start_and_stop, folder / "without"),
        "floor: import jupyterlab": partial(imports, "jupyterlab.labapp"),
        "floor: python": partial(imports, "sys"),
    }
    seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
    report("JupyterLab's server until its first answer", seconds, ("without",))


def start_and_stop(folder: Path) -> float:
    """Return the seconds until the server's first response."""
    start = time.perf_counter()
    with server(folder):
        return time.perf_counter() - start


def imports(module: str) -> None:
    """Import a module in a new process."""
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, timeout=SECONDS)


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run JupyterLab and yield the address of its launcher."""
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
    """Wait until an address responds."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended; see server.log"
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(address, timeout=SECONDS).close()
            return
        time.sleep(0.01)
    raise TimeoutError(address)


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launchers(folder: Path, options: argparse.Namespace) -> None:
    """Measure the pages of two running servers; each round opens a page of each."""
    with (
        server(folder / "with") as on,
        server(folder / "without") as off,
        Pages(options.browser) as pages,
    ):
        contenders: dict[str, Work] = {
            "with nbyard": lambda: launcher(pages, on, expected=True),
            "without": lambda: launcher(pages, off, expected=False),
            "floor: an empty page": lambda: pages.open("about:blank").seconds,
        }
        seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
    report(PAGE, seconds, ("without",))


def launcher(pages: Pages, address: str, *, expected: bool) -> float:
    """Open the launcher and return the seconds until it shows."""
    page = pages.open(address, until=".jp-LauncherCard", text="#jupyter-config-data")
    extensions = {extension["name"] for extension in json.loads(page.text)["federated_extensions"]}
    assert ("nbyard" in extensions) == expected, extensions
    return page.seconds


if __name__ == "__main__":
    main()
