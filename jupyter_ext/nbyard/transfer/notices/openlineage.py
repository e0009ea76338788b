"""Post OpenLineage events to a URL, one after the other over one connection."""

import contextlib
import json
import ssl

from nbyard.domain.notices.channel_urls import openlineage_target
from nbyard.domain.notices.structs import Delivery, Message
from nbyard.transfer.notices.webhook import AGENT, connection_to, post

JSON = "application/json; charset=utf-8"


def post_lineage(
    url: str, service: str, message: Message, tls: ssl.SSLContext | None = None
) -> Delivery:
    """Post the events of a message until one is not accepted.

    A repeated message posts all of them again: receivers know them by run, type and time.
    """
    web, key = openlineage_target(url)
    headers = {"Content-Type": JSON, "User-Agent": AGENT}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    with contextlib.closing(connection_to(web, tls)) as connection:
        for event in message.events:
            content = json.dumps(event).encode()
            delivery = post(connection, web, service, content, headers)
            if delivery.reason is not None:
                return delivery
    return Delivery()
