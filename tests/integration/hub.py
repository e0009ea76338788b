"""A real JupyterHub from PyPI with configurable-http-proxy from npm, for tests."""

import atexit
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.jupyter_server import TOKEN, Answer

from nbyard.cli.commands.users.hub import MANAGED
from nbyard.testing.conformance.runtimes import wait_until

ROOT = Path(__file__).parents[2]
PROXY = ROOT / "ui-tests/node_modules/configurable-http-proxy/bin/configurable-http-proxy"
PATIENCE_SECONDS = 60.0
# of the test's environment, they only make each start longer
OTHERS = (
    *("jupyterlab", "jupyter_lsp", "jupyter_server_fileid", "jupyter_server_terminals"),
    *("jupyter_server_ydoc", "notebook_shim"),
)
DATABASE = '{"NBYARD_DATABASE_URL": "postgresql://nbyard@127.0.0.1:5432/nbyard"}'
CONFIG = """
import json, os, sys

told = json.loads(os.environ["NBYARD_TEST_HUB"])
c.JupyterHub.bind_url = told["url"]
c.JupyterHub.hub_bind_url = told["hub"]
c.ConfigurableHTTPProxy.api_url = told["proxy"]
c.ConfigurableHTTPProxy.command = told["command"]
c.JupyterHub.db_url = "sqlite:///" + told["folder"] + "/hub.sqlite"
c.JupyterHub.cookie_secret_file = told["folder"] + "/cookie_secret"
c.JupyterHub.cleanup_servers = True
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {"root"}
c.SimpleLocalProcessSpawner.home_dir_template = told["folder"] + "/{username}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"]
c.Spawner.environment = {
    **told["environment"],
    "NBYARD_INLINE_DISPATCH": lambda spawner: str(spawner.user.name == "bob"),
}
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.load_roles = [
    {
        "name": "tests",
        "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"],
        "services": ["tests"],
    },
]
c.JupyterHub.services = [{"name": "tests", "api_token": told["token"]}]
"""


def reserved_port() -> int:
    """Return a port that only a server gets that reuses addresses, as those of a hub do.

    The system gives no other process a port to which a socket is bound.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    atexit.register(held.close)  # which also keeps it until then
    return int(held.getsockname()[1])


def config_of_service(store: Path, command: Sequence[str]) -> str:
    """Return the printed configuration, with this store and command in place of a database's."""
    port = reserved_port()
    shell = (sys.executable, "-m", "nbyard.cli.main", "hub", "config")
    printed = subprocess.run(
        [*shell, "--url", f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True
    ).stdout
    own = {"NBYARD_STORE_DIR": str(store), "NBYARD_IDLE_SECONDS": "1"}
    if path := os.environ.get("PYTHONPATH"):
        own["PYTHONPATH"] = path
    config = printed.replace(json.dumps(MANAGED), repr([*command])).replace(DATABASE, repr(own))
    assert DATABASE not in config and json.dumps(MANAGED) not in config
    return config


class Hub:
    """A hub that runs until it is stopped; its servers have the given `environment`.

    `config` is appended to the configuration of the hub, whose addresses begin with `prefix`.
    A hub waits half a minute for an external service, so that starts before the hub.
    """

    def __init__(
        self,
        folder: Path,
        config: str = "",
        prefix: str = "",
        starts: bool = True,
        /,
        **environment: str,
    ):
        ports = [reserved_port() for _ in range(3)]
        self.folder = folder
        self.url = f"http://127.0.0.1:{ports[0]}{prefix}"
        told = {
            "url": self.url,
            "hub": f"http://127.0.0.1:{ports[1]}",
            "proxy": f"http://127.0.0.1:{ports[2]}",
            "command": [shutil.which("node"), str(PROXY)],
            "folder": str(folder),
            "token": TOKEN,
            "environment": {
                "JUPYTER_CONFIG_DIR": str(folder),
                "JUPYTERHUB_ACTIVITY_INTERVAL": "1",
                "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
                **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
                **environment,
            },
        }
        (folder / "config.py").write_text(CONFIG + config)
        extensions = {"jpserver_extensions": dict.fromkeys(OTHERS, False)}
        (folder / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": extensions}))
        self._told = json.dumps(told)
        if starts:
            self.start()

    def start(self) -> None:
        """Start the hub; return when it answers."""
        self._log = (self.folder / "hub.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(self.folder / "config.py")],
            cwd=self.folder,
            env={**os.environ, "NBYARD_TEST_HUB": self._told},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_until(lambda: self._process.poll() is not None or self._answers())
        assert self._process.poll() is None, self.log

    def _answers(self) -> bool:
        try:
            return self.send("GET", "/hub/api/").status == 200
        except OSError:
            return False

    @property
    def log(self) -> str:
        return (self.folder / "hub.log").read_text()

    def send(
        self, method: str, path: str, body: Any = None, token: str = "", accept: str = "*/*"
    ) -> Answer:
        """Send one request through the proxy of the hub; redirects are not followed."""
        headers = {"Accept": accept}
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None:
            headers["Content-Type"] = "application/json"
        return self.request(method, path, sent, token, headers)

    def request(
        self, method: str, path: str, body: bytes | None, token: str, headers: dict[str, str]
    ) -> Answer:
        """Send bytes through the proxy of the hub; raise OSError without a whole response."""
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.netloc, timeout=PATIENCE_SECONDS)
        own = {"Authorization": f"token {token}"} if token else {}
        with contextlib.closing(connection):
            try:
                connection.request(method, place.path + path, body=body, headers=own | headers)
                return Answer(connection.getresponse())
            except http.client.HTTPException as error:
                raise OSError(f"no answer: {error!r}") from error

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the response of the hub to an administrator."""
        answer = self.send(method, f"/hub/api{path}", body, TOKEN)
        assert answer.status < 300, (answer.status, answer.content)
        return answer.json if answer.content else None

    def tokens(self, *users: str, group: str = "") -> list[str]:
        """Create users in a group, start their servers, and return a token of each."""
        for user in users:
            self.ask("POST", f"/users/{user}")
            if group:
                self.ask("POST", f"/groups/{group}/users", {"users": [user]})
            self.ask("POST", f"/users/{user}/server")
        for user in users:
            self.wait_for(user)
        return [str(self.ask("POST", f"/users/{user}/tokens", {})["token"]) for user in users]

    def wait_for(self, user: str) -> None:
        """Return when the user's server answers."""
        wait_until(lambda: bool(self.server(user).get("ready")))

    def culler(self, idle_seconds: int) -> "subprocess.Popen[bytes]":
        """Stop servers that are idle for so long, as the service of a hub does."""
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterhub_idle_culler", f"--url={self.url}/hub/api"),
                *("--cull-every=1", f"--timeout={idle_seconds}"),
            ],
            env={**os.environ, "JUPYTERHUB_API_TOKEN": TOKEN},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def stop_server(self, user: str) -> None:
        self.ask("DELETE", f"/users/{user}/server")
        wait_until(lambda: not self.server(user))

    def server(self, user: str) -> dict[str, Any]:
        """Return the hub's record of a user's server; empty if it does not run."""
        servers = self.ask("GET", f"/users/{user}")["servers"]
        return dict(servers.get("", {}))

    def run(
        self, user: str, *words: str, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command as in a terminal of the user's JupyterLab."""
        home = self.folder / user
        pid = self.server(user)["state"]["pid"]
        lines = Path(f"/proc/{pid}/environ").read_text().split("\0")
        session = dict(line.split("=", 1) for line in lines if "=" in line)
        # The server sets it for its kernels and terminals.
        session["NBYARD_HUB_ROOT"] = str(home)
        return subprocess.run(
            words, cwd=cwd or home, env=session, capture_output=True, text=True, check=False
        )

    def kill(self) -> None:
        """Kill the hub itself; its proxy and its servers go on."""
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        self._log.close()

    def stop(self) -> None:
        """Stop the hub with all servers."""
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        self._log.close()
