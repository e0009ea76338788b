"""Refuses connections of this process to private addresses, whatever code opens them.

Each connection is checked when it is opened. So a redirect, or a name that changes its address
after a check, gains nothing.
"""

import socket
import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from nbyard.domain.parsing.urls import AllowedHosts, Target, check_addresses
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

CONNECTIONS = ("socket.connect", "socket.sendto", "socket.sendmsg")
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn")


class AddressRefused(ConnectionError):
    """A connection to a private address; libraries handle it like any other lost connection."""


class Guard:
    """Checks connections. `refused` is the reason of the last refusal."""

    def __init__(self, allowed: AllowedHosts):
        self._allowed = allowed
        self._names: dict[str, str] = {}
        self.refused: Reason | None = None

    def install(self) -> None:
        """Check all connections of this process from now on; this cannot be undone."""
        socket.getaddrinfo = self._remembering(socket.getaddrinfo)
        sys.addaudithook(self.check)

    def check(self, event: str, args: Sequence[Any]) -> None:
        """Refuse an event that opens a forbidden connection or starts a program.

        Raises:
            AddressRefused: the event is refused.
        """
        if event in CONNECTIONS:
            address = args[-1]
            self.check_address(address)
        elif event in PROGRAMS:
            raise PermissionError(event)

    def check_address(self, address: Any) -> None:
        """Refuse a private address, and a host name where an IP address is needed.

        None, the address of a connected socket, is accepted.

        Raises:
            AddressRefused: the address is refused.
        """
        if address is None:  # the socket is already connected
            return
        try:
            host, port = str(address[0]).partition("%")[0], int(address[1])
            ip_address(host)
        except (IndexError, TypeError, ValueError):
            self._refuse(because("malformed-host"))
        name = self._names.get(host, host)
        try:
            check_addresses(Target("", "", name, port, ""), [host], self._allowed)
        except Invalid as error:
            self._refuse(error.details[0].reason or error.reason)

    def _refuse(self, reason: Reason) -> None:
        self.refused = reason
        raise AddressRefused(str(reason))

    def _remembering(self, look_up: Callable[..., Any]) -> Callable[..., Any]:
        """Return a look-up of names that remembers which name an address belongs to."""

        def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
            entries = look_up(host, *args, **kwargs)
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
            for entry in entries:
                self._names[str(entry[4][0]).partition("%")[0]] = name.lower().removesuffix(".")
            return entries

        return getaddrinfo
