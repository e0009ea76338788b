"""Refuses connections of this process to private addresses, whichever code opens them.

Each connection is checked when it is opened. So neither a redirect nor a name that changes its
address after a check can avoid the check.
"""

import socket
import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from nbyard.domain.parsing.urls import AllowedHosts, Target, check_addresses
from nbyard.errors import Invalid

CONNECTIONS = ("socket.connect", "socket.sendto", "socket.sendmsg")
# A program has no audit hook, so that it could connect to any address.
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")


class AddressRefused(ConnectionError):
    """A connection to a private address was refused.

    Libraries handle it like a lost connection.
    """


class Guard:
    """Checks connections. `refused` is the reason of the last refusal."""

    def __init__(self, allowed: AllowedHosts):
        self._allowed = allowed
        self.names: dict[str, str] = {}
        self.refused: str | None = None

    def install(self) -> None:
        """Check all connections of this process from now on. This cannot be undone."""
        socket.getaddrinfo = self.recording_names(socket.getaddrinfo)
        sys.addaudithook(self.check)

    def check(self, event: str, args: Sequence[Any]) -> None:
        """Check an audit event of Python.

        Refuse forbidden connections, and starts of programs.

        Raises:
            AddressRefused: The connection is forbidden.
            PermissionError: The event starts a program.
        """
        if event in CONNECTIONS:
            address = args[-1]
            self.check_address(address)
        elif event in PROGRAMS:
            raise PermissionError(event)

    def check_address(self, address: Any) -> None:
        """Check the address of a connection. It must be an IP address, and not a private one.

        None is accepted: it is the address for a socket that is connected already.

        Raises:
            AddressRefused: The address is refused.
        """
        if address is None:  # the socket is already connected
            return
        try:
            host, port = str(address[0]).partition("%")[0], int(address[1])
            ip_address(host)
        except (IndexError, TypeError, ValueError):
            self._refuse("has an invalid host")
        name = self.names.get(host, host)
        try:
            check_addresses(Target("", "", name, port, ""), [host], self._allowed)
        except Invalid as error:
            self._refuse(error.details[0].message)

    def _refuse(self, why: str) -> None:
        self.refused = why
        raise AddressRefused(why)

    def recording_names(self, look_up: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function like `look_up` that also records the name of each address."""

        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            entries = look_up(host, *args, **kwargs)
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
            for entry in entries:
                self.names[str(entry[4][0]).partition("%")[0]] = name.lower().removesuffix(".")
            return entries

        return getaddrinfo
