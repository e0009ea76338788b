"""./dev: run JupyterLab on this checkout; changes reach the open page.

TypeScript and CSS are bundled into build/dev, beside the production bundle, which stays unchanged.
A change of Python restarts the server and its dispatcher. Runs continue, kernels stop.
"""

import fcntl
import os
import secrets
import shutil
import signal
import socket
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import TextIO

import dev_processes
from dev_build import BUNDLE, CHECKOUT, FOLDER, build, copy_schemas, stage, type_checker
from dev_options import arguments
from dev_processes import Process

EXAMPLE = CHECKOUT / "examples/penguins"
LOOK_SECONDS = 0.3
PATIENCE_SECONDS = 180.0


class Watched:
    """The files of a folder with their times of change."""

    def __init__(self, folder: Path, pattern: str):
        self._folder = folder
        self._pattern = pattern
        self._seen = self._look()

    def changed(self) -> bool:
        """Return whether a file changed, appeared or went since the last call."""
        before, self._seen = self._seen, self._look()
        return self._seen != before

    def _look(self) -> dict[Path, int]:
        found = {}
        for path in self._folder.rglob(self._pattern):
            try:
                found[path] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue  # an editor replaces it
        return found


class Development:
    """The processes of one ./dev, and the files that they watch."""

    def __init__(self, root: Path, port: int, collaboration: bool):
        self._root = root
        self._port = port
        self._collaboration = collaboration
        self._token = secrets.token_hex(16)
        self.store = os.environ.get("NBYARD_STORE_DIR") or str(FOLDER / "store")
        mark = {dev_processes.MARK: str(FOLDER)}
        self._env = {**os.environ, **mark, "NBYARD_STORE_DIR": self.store}
        self._python = Watched(CHECKOUT / "jupyter_ext", "*.py")
        self._schemas = Watched(CHECKOUT / "schema", "*.json")
        self._running: dict[str, Process] = {}
        self._lab = "ready"

    @property
    def url(self) -> str:
        """Return the address of JupyterLab, with its token."""
        return f"http://localhost:{self._port}/lab?token={self._token}"

    def start(self) -> None:
        """Start the bundler, the type checker and JupyterLab."""
        stage(FOLDER / "package")
        bundler = str(Path(__file__).with_name("dev_bundle.cjs"))
        self._run("bundle", ["node", bundler, str(FOLDER / "package")], CHECKOUT)
        self._run("types", ["nice", "node", *type_checker()], CHECKOUT)
        self._start_lab()

    def _run(self, name: str, command: list[str], folder: Path) -> None:
        self._running[name] = Process(name, command, folder, self._env)

    def _start_lab(self) -> None:
        program = [sys.executable, str(Path(__file__).with_name("dev_server.py"))]
        options = {
            "Application.log_level": "WARN",
            "IdentityProvider.token": self._token,
            "LabApp.expose_app_in_browser": True,  # window.jupyterapp, for scripts
            "LabApp.extra_labextensions_path": BUNDLE.parent,
            "LabApp.workspaces_dir": FOLDER / "workspaces",
            "ServerApp.allow_root": True,
            "ServerApp.jpserver_extensions": "dev_server=True",
            "ServerApp.open_browser": False,
            "ServerApp.port": self._port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self._root,
            "YDocExtension.disable_rtc": not self._collaboration,
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        self._run("lab", program + words, self._root)

    def wait(self) -> None:
        """Wait for the first bundle and for the server."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (build() and answers(self.url)):
            self._check("bundle", "types", "lab")
            if time.monotonic() > end:
                raise SystemExit("JupyterLab does not answer.")
            time.sleep(LOOK_SECONDS)

    def watch(self) -> None:
        """Bring changes of Python and of settings schemas to the page, until Ctrl-C."""
        while True:
            time.sleep(LOOK_SECONDS)
            self._check("bundle", "types")
            if self._python.changed():
                self._restart()
            self._watch_lab()
            if self._schemas.changed():
                copy_schemas()

    def _check(self, *names: str) -> None:
        for name in names:
            if not self._running[name].runs():
                raise SystemExit(f"The process '{name}' ended. Its last lines are above.")

    def _restart(self) -> None:
        say("Python changed: restarting the server.")
        self._running["lab"].stop()
        dev_processes.stop_dispatchers(FOLDER)
        self._start_lab()
        self._lab = "starting"

    def _watch_lab(self) -> None:
        """Report the exit of the server, as after a syntax error, and its restart."""
        if self._lab != "ended" and not self._running["lab"].runs():
            self._lab = "ended"
            say("JupyterLab ended. It starts again after the next change of Python.")
        elif self._lab == "starting" and answers(self.url):
            self._lab = "ready"
            say("JupyterLab answers again.")

    def stop(self) -> None:
        """Stop all processes."""
        for process in self._running.values():
            process.stop()
        dev_processes.sweep(FOLDER)


def answers(url: str) -> bool:
    """Return whether the server responds."""
    try:
        with urllib.request.urlopen(url.replace("/lab?", "/api/status?"), timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port(wanted: int) -> int:
    """Return the wanted port, or any free one if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port(0)
        return int(probe.getsockname()[1])


def served(root: Path | None) -> Path:
    """Return the folder to serve: the given one, or a copy of the example, created once."""
    if root is not None:
        return root.resolve(strict=True)
    if not (FOLDER / "root").exists():
        shutil.copytree(EXAMPLE, FOLDER / "root")
    return FOLDER / "root"


def only_one() -> TextIO:
    """Return a lock that this process holds until it exits.

    Raises:
        SystemExit: another ./dev holds it.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (FOLDER / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("./dev runs already on this checkout.") from None
    return lock


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)  # noqa: T201


def main() -> int:
    """Run ./dev until Ctrl-C and return its exit code."""
    options = arguments(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job ignores SIGINT
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores the signal
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    lock = only_one()
    dev_processes.sweep(FOLDER)  # what a killed ./dev left
    port = free_port(options.port)
    development = Development(served(options.root), port, options.collaboration)
    try:
        development.start()
        development.wait()
        say(f"\nJupyterLab: {development.url}\nStore: {development.store}")
        say("Ctrl-C stops everything.\n")
        if not options.no_browser:
            webbrowser.open(development.url)
        development.watch()
    except KeyboardInterrupt:
        say("\nStopping…")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        development.stop()
        lock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
