"""Posts CloudEvents to a URL: one event in the structured format, several as a batch."""

import contextlib
import http.client
import json
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

from nbyard.domain.notices.channel_urls import WEB, masked_url, scheme_of
from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.reasons.structs import because
from nbyard.transfer.notices.protocol import ANSWER_SECONDS, LONGEST_TEXT, http_delivery, too_late

ONE = "application/cloudevents+json; charset=utf-8"
BATCH = "application/cloudevents-batch+json; charset=utf-8"
AGENT = "nbyard"


def connection_to(url: str) -> http.client.HTTPConnection:
    """Return a connection to the host of a URL. It is opened with the first request."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=ANSWER_SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, parts.port, timeout=ANSWER_SECONDS, context=context)


def post(
    connection: http.client.HTTPConnection,
    url: str,
    service: str,
    content: bytes,
    headers: Mapping[str, str],
) -> Delivery:
    """Post a body over a connection. Return the delivery for the server's response."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        connection.request("POST", path, content, dict(headers))
        answer = connection.getresponse()
        # Texts of receivers may repeat the URL, so they are read but not shown. What is left of a
        # long text would be in the way of the next answer.
        answer.read(LONGEST_TEXT)
        if not answer.isclosed():
            connection.close()
        return http_delivery(service, answer.status, answer.getheader("Retry-After") or "")
    except TimeoutError:
        return too_late(service)
    except (OSError, http.client.HTTPException) as error:
        message_text = str(error) or type(error).__name__
        return Delivery(because("channel-unreachable", service=service, message=message_text))


class WebhookKind:
    """Any web address that no other kind knows. It receives CloudEvents."""

    name, rank = "webhook", 100

    def describe(self, url: str) -> ChannelAddress | None:
        """Return the host of a web address. The rest of the URL may be secret."""
        is_web = scheme_of(url) in WEB
        return ChannelAddress(self.name, self.name, masked_url(url)) if is_web else None

    def send(self, url: str, service: str, message: Message) -> Delivery:
        """Post the events of a message. A redirect counts as a refusal."""
        is_batch = len(message.events) > 1
        content = json.dumps(message.events if is_batch else message.events[0]).encode()
        headers = {
            "Content-Type": BATCH if is_batch else ONE,
            "User-Agent": AGENT,
            "Idempotency-Key": message.id,
            "Connection": "close",
        }
        with contextlib.closing(connection_to(url)) as connection:
            return post(connection, url, service, content, headers)
