"""The process that sends one message: a request on its input, the answer on its output."""

import logging
import os
import sys

import msgspec

from nbyard.domain.notices.channel_urls import (
    WEB,
    is_openlineage,
    masked_url,
    openlineage_target,
    scheme_of,
)
from nbyard.domain.notices.structs import ChannelAddress, Delivery
from nbyard.domain.parsing.urls import AllowedHosts
from nbyard.reasons.structs import because
from nbyard.transfer.notices import apprise_channels
from nbyard.transfer.notices.guard import Guard
from nbyard.transfer.notices.openlineage import post_lineage
from nbyard.transfer.notices.requests_to_child import SendAnswer, SendRequest
from nbyard.transfer.notices.webhook import post_events

WEBHOOK = "webhook"
OPENLINEAGE = "OpenLineage"


def describe(url: str) -> SendAnswer:
    """Return what a URL leads to."""
    if is_openlineage(url):
        address = masked_url(openlineage_target(url)[0])
        return SendAnswer(address=ChannelAddress("openlineage", OPENLINEAGE, address))
    is_web = scheme_of(url) in WEB
    try:
        found = apprise_channels.describe(url)
    except ImportError:
        found = None
        if not is_web:
            return SendAnswer(problem="missing")
    if found is None and is_web:
        found = ChannelAddress("webhook", WEBHOOK, masked_url(url))
    return SendAnswer(address=found, problem="" if found else "unknown")


def deliver(request: SendRequest) -> Delivery:
    """Send the message of a request."""
    message, url = request.message, request.url
    if message is None:
        raise TypeError("there is no message")
    if request.kind == "webhook":
        return post_events(url, request.service, message)
    if request.kind == "openlineage":
        return post_lineage(url, request.service, message)
    try:
        return apprise_channels.send(url, request.service, message)
    except ImportError:
        return Delivery(because("apprise-missing"), is_final=True)


def answer_request(request: SendRequest) -> SendAnswer:
    """Return the answer to a request. This process reaches no private address afterwards."""
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
    """Answer one request."""
    # Libraries may print; the answer must stay alone on the output.
    output = os.dup(1)
    os.dup2(2, 1)
    logging.getLogger().addHandler(logging.NullHandler())
    request = msgspec.json.decode(sys.stdin.buffer.read(), type=SendRequest)
    with os.fdopen(output, "wb") as out:
        out.write(msgspec.json.encode(answer_request(request)))


if __name__ == "__main__":
    main()
