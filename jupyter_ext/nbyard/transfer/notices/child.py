"""The process that sends one message: reads a request from stdin, writes the answer to stdout."""

import logging
import os
import sys

import msgspec

from nbyard.domain.notices.channel_urls import scheme_of
from nbyard.domain.notices.structs import Delivery
from nbyard.domain.parsing.urls import AllowedHosts
from nbyard.reasons.structs import Reason, because
from nbyard.transfer.notices.apprise_channels import AppriseKind
from nbyard.transfer.notices.guard import Guard
from nbyard.transfer.notices.registry import channel_kind, channel_kinds
from nbyard.transfer.notices.requests_to_child import SendAnswer, SendRequest


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
