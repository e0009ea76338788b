"""The process that sends one message: reads a request from stdin, writes the answer to stdout.

A guard refuses its connections to private addresses, whichever code opens them. Each connection is
checked when it is opened, so neither a redirect nor a changed name avoids the check.
"""

import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

import msgspec

from nbyard.domain.notices.channel_urls import scheme_of
from nbyard.domain.notices.structs import Delivery
from nbyard.domain.parsing.urls import AllowedHosts, Target, check_addresses
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because
from nbyard.transfer.notices.apprise_channels import AppriseKind
from nbyard.transfer.notices.protocol import channel_kind, channel_kinds
from nbyard.transfer.notices.sender import SendAnswer, SendRequest

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


def describe(url: str) -> SendAnswer:
    """Return the address that the first kind of channel which knows the URL describes.

    A missing package is named if the URL begins with the name of its kind. It is also named if
    Apprise, which knows most services, has not refused the URL.
    """
    missing: Reason | None = None
    for kind in channel_kinds():
        try:
            address = kind.describe(url)
        except ImportError as error:
            missing = missing_package(kind.name, error)
            if scheme_of(url) == kind.name:
                break
            continue
        if address is not None:
            return SendAnswer(address=address)
        if kind.name == AppriseKind.name:
            missing = None
    return SendAnswer(problem=missing or because("unknown-channel-url"))


def deliver(request: SendRequest) -> Delivery:
    """Send the message of a request with the request's kind of channel."""
    message, url = request.message, request.url
    if message is None:
        raise TypeError("there is no message")
    kind = channel_kind(request.kind)
    if kind is None:
        return Delivery(because("channel-kind-missing", kind=request.kind), is_final=True)
    try:
        return kind.send(url, request.service, message)
    except ImportError as error:
        return Delivery(missing_package(request.kind, error), is_final=True)


def missing_package(kind: str, error: ImportError) -> Reason:
    """Return the reason why a kind of channel cannot be used."""
    return because("channel-package-missing", kind=kind, package=error.name or str(error))


def answer_request(request: SendRequest) -> SendAnswer:
    """Return the answer to a request.

    From then on, this process cannot connect to private addresses, except those the request allows.
    """
    guard = Guard(AllowedHosts.parse(request.allowed))
    guard.install()
    if request.message is None:
        return describe(request.url)
    delivery = deliver(request)
    if delivery.reason is not None and guard.refused is not None:
        why = because("channel-address-refused", service=request.service, reason=guard.refused)
        delivery = Delivery(why, is_final=True)
    return SendAnswer(delivery=delivery)


def main() -> None:
    """Answer the one request on stdin."""
    # Libraries may print; the answer must stay alone on the output.
    output = os.dup(1)
    os.dup2(2, 1)
    logging.getLogger().addHandler(logging.NullHandler())
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=SendRequest)
    with os.fdopen(output, "wb") as out:
        out.write(msgspec.json.encode(answer_request(request)))


if __name__ == "__main__":
    main()
