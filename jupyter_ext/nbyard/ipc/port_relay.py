"""Relays a deployment's own port to the container that serves at the moment.

A deployment keeps this port, while each container is published at another one. The dispatcher
starts one relay for each deployment with keys, and writes its route. The relay survives the
dispatcher, and exits when its route is gone or names another address. The container itself checks
the keys: the relay passes on bytes, and adds only TLS.
"""

import asyncio
import contextlib
import fcntl
import os
import resource
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import msgspec

ROUTE, LOCK = "route.json", "relay.lock"
LOOK_SECONDS = 1.0
LAST_SECONDS = 60.0
BACKLOG = 1024
UNSPECIFIED = ("0.0.0.0", "::")
UNAVAILABLE = b'{"error":"the deployment does not respond at the moment"}'
NO_SERVICE = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(UNAVAILABLE), UNAVAILABLE)
)


class Route(msgspec.Struct, frozen=True):
    """Where a relay listens, with which certificate, and to which port it connects."""

    address: str
    port: int
    target: int
    host: str = "127.0.0.1"
    certificate: str = ""
    key: str = ""

    @property
    def entrance(self) -> tuple[str, int, str, str]:
        return (self.address, self.port, self.certificate, self.key)


def open_port(address: str, port: int = 0) -> socket.socket:
    """Return a socket that listens at an address; port 0 means any free port.

    Raises:
        OSError: another program has the port, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=BACKLOG)


def address_of(address: str, port: int, certificate: str) -> str:
    """Return the URL of a deployment's own port."""
    host = f"[{address}]" if ":" in address else address
    if address in UNSPECIFIED:  # every address of this machine
        host = socket.gethostname()
    return f"{'https' if certificate else 'http'}://{host}:{port}/"


def open_relay(folder: Path, route: Route) -> int:
    """Write the route of a deployment, and start its relay if none runs; return the port.

    If another program has the port by now, it is a new one.

    Raises:
        OSError: this machine has no such address, or the certificate cannot be used.
    """
    _tls(route)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        is_free = _lock(lock)
        if not is_free:
            _write(folder, route)
            return route.port
        try:
            entrance = open_port(route.address, route.port)
        except OSError:
            entrance = open_port(route.address)
        with entrance:
            route = msgspec.structs.replace(route, port=entrance.getsockname()[1])
            _write(folder, route)
            # The relay inherits the lock, so it is held until the relay exits.
            handed = (entrance.fileno(), lock.fileno())
            subprocess.run(  # it detaches at once
                [sys.executable, "-m", __name__, str(folder), *map(str, handed)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=handed,
                start_new_session=True,
                cwd="/",
                check=False,
            )
    return route.port


def close_relay(folder: Path) -> None:
    """Remove the route of a deployment. Its relay finishes open connections and exits."""
    (folder / ROUTE).unlink(missing_ok=True)


def is_relayed(folder: Path, route: Route) -> bool:
    """Return whether a relay runs with this route."""
    if _read(folder) != route:
        return False
    with (folder / LOCK).open("w") as lock:
        return not _lock(lock)


def _lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _tls(route: Route) -> ssl.SSLContext | None:
    if not route.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(route.certificate, route.key or None)
    return context


def _write(folder: Path, route: Route) -> None:
    unfinished = folder / f"{ROUTE}.new"
    unfinished.write_bytes(msgspec.json.encode(route))
    unfinished.replace(folder / ROUTE)


def _read(folder: Path) -> Route | None:
    try:
        return msgspec.json.decode((folder / ROUTE).read_bytes(), type=Route)
    except (OSError, msgspec.DecodeError):
        return None


class Side(asyncio.Protocol):
    """One side of a relayed connection: passes what it receives to the other side."""

    transport: asyncio.Transport
    other: "Side | None" = None

    def __init__(self) -> None:
        self._early: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is None:  # the container is not connected yet
            self._early.append(data)
            self.transport.pause_reading()
        else:
            self.other.transport.write(data)

    def join(self, other: "Side") -> None:
        """Pass data to the other side from now on, and what came before."""
        self.other = other
        for data in self._early:
            other.transport.write(data)
        self._early.clear()
        self.transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass on the end of the data; the other direction may continue, but not with TLS."""
        if self.other is None:
            return False
        if self.other.transport.can_write_eof():
            self.other.transport.write_eof()
        return self.transport.get_extra_info("sslcontext") is None

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, _: Exception | None) -> None:
        if self.other is not None:
            self.other.transport.close()


class Caller(Side):
    """The side of the program that calls the deployment."""

    def __init__(self, relay: "Relay"):
        super().__init__()
        self._relay = relay

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._relay.callers.add(self)
        self._connecting = asyncio.ensure_future(self._connect())

    async def _connect(self) -> None:
        container, loop = Side(), asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: container, *self._relay.target())
        except OSError:
            self.transport.write(NO_SERVICE)
            self.transport.close()
            return
        if self.transport.is_closing():
            container.transport.abort()
            return
        container.join(self)
        self.join(container)

    def connection_lost(self, error: Exception | None) -> None:
        self._relay.callers.discard(self)
        super().connection_lost(error)


class Relay:
    """Accepts connections at one port until its route changes."""

    def __init__(self, folder: Path, route: Route):
        self._folder, self._route = folder, route
        self.callers: set[Caller] = set()

    def target(self) -> tuple[str, int]:
        """Return the address of the container that serves now."""
        route = _read(self._folder) or self._route
        return route.host, route.target

    async def run(self, entrance: socket.socket, lock: int) -> None:
        """Accept connections until the route changes, then wait for the open ones."""
        loop, context = asyncio.get_running_loop(), _tls(self._route)
        files = [self._route.certificate, self._route.key]
        server = await loop.create_server(lambda: Caller(self), sock=entrance, ssl=context)
        dates = _dates(files)
        while (route := _read(self._folder)) and route.entrance == self._route.entrance:
            await asyncio.sleep(LOOK_SECONDS)
            if context is not None and dates != (dates := _dates(files)):
                # A renewed certificate may be half written: the next change is read again.
                with contextlib.suppress(OSError):
                    context.load_cert_chain(self._route.certificate, self._route.key or None)
        server.close()
        os.close(lock)  # the next relay need not wait
        end = loop.time() + LAST_SECONDS
        while self.callers and loop.time() < end:
            await asyncio.sleep(LOOK_SECONDS)


def _dates(paths: list[str]) -> list[int]:
    dates = []
    for path in filter(None, paths):
        with contextlib.suppress(OSError):
            dates.append(os.stat(path).st_mtime_ns)
    return dates


def main() -> None:
    """Run the relay of the deployment whose folder is named, in a process of its own."""
    if os.fork():
        return
    folder, entrance, lock = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), sys.argv[3]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # two for each connection
    if route := _read(folder):
        asyncio.run(Relay(folder, route).run(entrance, int(lock)))


if __name__ == "__main__":
    main()
