"""Connections: to this machine's store, in this process, or to a server by port or URL."""

import atexit
import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, get_type_hints
from urllib.parse import urlsplit

from jupyter_core.paths import jupyter_runtime_dir

from nbyard.domain.arguments.structs import check_text
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import NewUpload
from nbyard.errors import Invalid, Unavailable
from nbyard.host.server_names import LOCAL, read_address, read_servers, server_of
from nbyard.host.wakeup import Listener
from nbyard.rest.identity import local_name
from nbyard.services.registry import Services

if TYPE_CHECKING:
    from nbyard.blobs.download import DownloadRequest

CALL_SECONDS = 5.0
ATTEMPT = "NBYARD_ATTEMPT_ID"  # set by the runner for the code of a task
LOOPBACK = "127.0.0.1"
# The URL of a server that listens at every address contains such a host.
OWN_HOSTS = ("", "0.0.0.0", "::", "::1", "localhost", LOOPBACK)


class LocalNoun:
    """A service whose methods get their caller automatically."""

    def __init__(self, services: Services, noun: str, caller: Caller, project: str = ""):
        self._services = services
        self._noun = noun
        self._project = project
        self._service = getattr(services, noun)
        self._caller = caller

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._service, verb)

        def call(*positional: Any, **named: Any) -> Any:
            if "body" in named:
                given = named["body"]
                from nbyard.domain.runs.structs import from_program  # late: many calls have no body

                if isinstance(given, dict):
                    from nbyard.domain.parsing.typed_json import convert_json

                    given = convert_json(given, get_type_hints(method)["body"])
                named["body"] = from_program(given)
            for name, value in [*enumerate(positional), *named.items()]:
                if isinstance(value, str):
                    # The REST handlers check texts the same way.
                    check_text(value, str(name))
            operation = f"{self._noun}.{verb}"
            # As in the REST handlers: others, and code of a scratch run, may only read.
            if marked := getattr(method, "__operation__", None):
                variables = re.findall(r"{(\w+)}", marked[1])
                path = {**dict(zip(variables, positional, strict=False)), **named}
                path = {name: str(path[name]) for name in variables}
                asked = (operation, marked[2], path, self._project)
                self._services.check_access(self._caller, *asked)
            result = method(self._caller, *positional, **named)
            if self._project:
                link = self._services.projects.link_created
                link(self._caller, self._project, operation, result)
            return result

        return call


class Local:
    """The store of this machine; running servers see changes at once."""

    def __init__(self) -> None:
        from nbyard.yard import Yard

        self.project = ""
        self.yard = Yard.open(start=Path.cwd())
        atexit.register(self.yard.close)
        self.caller = Caller(local_name(), attempt_id=os.environ.get(ATTEMPT, ""))
        self._listener: Listener | None = None
        self._next_call = 0.0

    def __getattr__(self, noun: str) -> LocalNoun:
        return LocalNoun(self.yard.services, noun, self.caller, self.project)

    def ignored_settings(self) -> dict[str, str]:
        """Return settings given here that the running dispatcher was started without.

        The result has the dispatcher's values by variable, such as NBYARD_SLOTS.
        """
        from nbyard.ipc.dispatcher_launcher import other_settings

        others = other_settings(self.yard.store, self.yard.settings)
        by_variable = {f"NBYARD_{name.upper()}": value for name, value in others.items()}
        return {word: value for word, value in by_variable.items() if word in os.environ}

    def download(self, noun: str, key: str) -> tuple[BinaryIO, str]:
        """Return the bytes of a dataset or artifact in an open file, and a file name."""
        return self._opened(getattr(self, noun).content(key))

    def other_file(self, run: str, node: str, path: str) -> tuple[BinaryIO, str]:
        """Return another file of a task in an open file, and its name; an empty path means all."""
        return self._opened(self.runs.file(run, node, path))

    def run_crate(self, run: str, *, inputs: bool = True) -> tuple[BinaryIO, str]:
        """Return a run as an RO-Crate in an open zip file, and its name."""
        return self._opened(self.runs.crate(run, inputs))

    def run_bundle(self, run: str) -> tuple[BinaryIO, str]:
        """Return the zip with which papermill repeats a run in an open file, and its name."""
        return self._opened(self.runs.bundle(run))

    def project_file(self, project: str, path: str) -> tuple[BinaryIO, str]:
        """Return a pushed file of a project in an open file, and its name."""
        return self._opened(self.projects.file(project, path))

    def _opened(self, wanted: "DownloadRequest") -> tuple[BinaryIO, str]:
        from nbyard.blobs import open_download

        return open_download(self.yard.context.blobs, wanted)

    def upload(self, filename: str, size: int, chunks: Iterator[bytes]) -> str:
        """Store bytes as an upload and return its ID."""
        begun = self.uploads.create(body=NewUpload(filename, size))
        with self.uploads.appending(begun.id, 0) as piece:
            for chunk in chunks:
                piece.write(chunk)
        return str(begun.id)

    def address(self, deployment: Any) -> str:
        """Return the URL of a deployment's first port on this machine, without a server."""
        with self.yard.store.read() as c:
            row = self.yard.store.deployments.serving(c, self.caller.name, deployment.name)
        place = row.places[0] if row and row.places else None
        return f"http://{place.host}:{place.port}/" if place else ""

    def dataset_folder(self, dataset: Any) -> Path:
        """Return the folder with the current version of a dataset."""
        return self.yard.store.folder / "resources" / str(dataset.id)

    def artifact_path(self, artifact: Any) -> Path:
        """Return the stored file or folder of an artifact."""
        return self.yard.context.blobs.path(artifact.digest)

    def login(self, image: str) -> Any:
        """Return the stored login for the registry of an image, if there is one."""
        with self.yard.store.read() as c:
            return self.yard.store.credentials.login(c, self.caller.name, image)

    def wait(self, seconds: float) -> None:
        """Wait until the store changes, at most `seconds`; start a missing dispatcher.

        The first call only starts to listen, because changes may have come before.
        """
        if self._listener is None:
            self._listener = Listener(self.yard.store.folder)
            atexit.register(self._listener.close)
            return
        if not self._listener.wait_for_news(seconds) and time.monotonic() > self._next_call:
            # A dispatcher that cannot start is not started again at each poll.
            self._next_call = time.monotonic() + CALL_SECONDS
            self.yard.context.ensure_dispatcher()


def connect(server: str = "", project: str = "") -> Any:
    """Return a connection whose attributes are nouns: `connect().runs.list()`.

    `server` is a name of the configuration file, a URL, the port of a Jupyter server on this
    machine, or `local`; empty: NBYARD_SERVER, else the default of the file, else the store of this
    machine. Where a JupyterHub has one store for all users, the latter is the user's own server.

    A URL may contain a token, as in the log of Jupyter, and a named server has its own token;
    otherwise the token is NBYARD_TOKEN. Without it, tokens are known for servers of this machine,
    and for the JupyterHub session's server of this process. What the connection creates is linked
    to `project`, which is a name or an ID.

    Raises:
        NotFound: there is no such project.
        Unavailable: no server runs on that port.
        Invalid: `server` is neither a name nor a URL nor a port, or the file is refused.
    """
    named = server_of(server)
    is_local = LOCAL in (server, server or os.environ.get("NBYARD_SERVER"))
    connection = _connection_to(named) if named else Local() if is_local else connect_here()
    if project:
        connection.project = connection.projects.get(project=project).id
    return connection


def connect_here() -> Any:
    """Return a connection to the store of this machine.

    Where a JupyterHub has one store for all users, connect to the user's server of this session.
    """
    own, root = os.environ.get("JUPYTERHUB_SERVICE_URL", ""), os.environ.get("NBYARD_HUB_ROOT")
    return _client(own, _session_token(own), root) if own and root else Local()


def _connection_to(server: str) -> Any:
    token = os.environ.get("NBYARD_TOKEN", "")
    known = read_servers().servers.get(server)
    if known is not None:
        # NBYARD_TOKEN may be that of another server.
        server, token = known.url, known.token() or token
    if server.startswith(("http://", "https://")):
        try:
            server, own_token = read_address(server)
        except ValueError:
            raise _not_a_server(server) from None
        if not (token := own_token or token):
            place = _place(server)
            token = next((i["token"] for i in _running() if _place(i["url"]) == place), "")
        return _client(server, token or _session_token(server))
    for info in _running():
        if server == str(info.get("port")):
            url = info["url"]
            return _client(url, token or info.get("token", "") or _session_token(url))
    if server.isdecimal():
        raise Unavailable(
            f"No Jupyter server runs on port {server} here.",
            hint="Start a Jupyter server, or pass its URL.",
        )
    raise _not_a_server(server)


def _not_a_server(server: str) -> Invalid:
    # The text may contain a token.
    return Invalid.field(
        "server",
        f"'{server.partition('?')[0]}' is neither a configured name nor a URL nor the port of a"
        " Jupyter server",
    )


def _client(url: str, token: str, root: str = "") -> Any:
    from nbyard.client import Client, OwnServer

    return OwnServer(url, token, root) if root else Client(url, token)


def _running() -> list[dict[str, Any]]:
    """Return the information files of this user's Jupyter servers.

    They are read directly, because importing the function for it takes half a second.
    """
    servers = []
    for place in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        # The file may be incomplete, of a killed server, or of another user.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            info = json.loads(place.read_bytes())
            # Signal 0 only checks that the process exists.
            os.kill(info["pid"], 0)
            servers.append(info)
    return servers


def _session_token(url: str) -> str:
    """Return the token of the JupyterHub session around this process, for its own server only.

    It is empty for any other address, because the token allows to act as the user.
    """
    own = (os.environ.get("JUPYTERHUB_SERVICE_URL"), os.environ.get("JUPYTERHUB_PUBLIC_URL"))
    if any(address and _place(address) == _place(url) for address in own):
        return os.environ.get("JUPYTERHUB_API_TOKEN", "")
    return ""


def _place(url: str) -> tuple[str, str, int | None, str]:
    """Return what all addresses of one server share: scheme, host, port and path."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, LOOPBACK if host in OWN_HOSTS else host, port, parts.path.rstrip("/")
