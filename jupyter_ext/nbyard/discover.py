"""Where to ask: the store of this machine, opened in-process, or a server by name, port or URL."""

import os
from pathlib import Path
from typing import Any

from nbyard.client import Client
from nbyard.domain.callers import Caller
from nbyard.errors import Invalid
from nbyard.rest.identity import local_name
from nbyard.wake import listening


class LocalNoun:
    """A service with its caller given."""

    def __init__(self, service: Any, caller: Caller):
        self._service = service
        self._caller = caller

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._service, verb)

        def call(*positional: Any, **named: Any) -> Any:
            return method(self._caller, *positional, **named)

        return call


class Local:
    """The store of this machine; running servers see at once what is done here."""

    def __init__(self) -> None:
        from nbyard.yard import Yard

        self.yard = Yard.open(start=Path.cwd())
        self._caller = Caller(local_name())

    def __getattr__(self, noun: str) -> LocalNoun:
        return LocalNoun(getattr(self.yard.services, noun), self._caller)

    def wait(self, seconds: float) -> None:
        """Until something happens in the store, at most so long."""
        with listening(self.yard.store.folder) as listener:
            listener.wait(seconds)


def connect(server: str = "") -> Any:
    """A connection whose attributes are the nouns: `connect().runs.list()`.

    `server` is a URL or the port of a Jupyter server on this machine; empty: NBYARD_SERVER, else
    the store of this machine. The token is NBYARD_TOKEN, or known for servers of this machine.

    Raises:
        Invalid: no running server is known under that name or port.
    """
    server = server or os.environ.get("NBYARD_SERVER", "")
    if not server:
        return Local()
    token = os.environ.get("NBYARD_TOKEN", "")
    if server.startswith(("http://", "https://")):
        return Client(server, token or _known_token(server))
    for info in _running():
        if server == str(info.get("port")):
            return Client(info["url"], token or info.get("token", ""))
    raise Invalid.field("server", f"no Jupyter server runs on {server!r} here; give its URL")


def _running() -> list[dict[str, Any]]:
    from jupyter_server.serverapp import list_running_servers

    return list(list_running_servers())


def _known_token(url: str) -> str:
    wanted = url.rstrip("/")
    return next((i["token"] for i in _running() if i["url"].rstrip("/") == wanted), "")
