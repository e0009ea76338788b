"""Post CloudEvents to a URL: one in the structured format, several as a batch."""

import http.client
import json
import ssl
from urllib.parse import urlsplit

from nbyard.domain.notices.structs import Delivery, Message
from nbyard.reasons.structs import because
from nbyard.transfer.notices.answers import LONGEST_TEXT, http_delivery

SECONDS = 15.0
ONE = "application/cloudevents+json; charset=utf-8"
BATCH = "application/cloudevents-batch+json; charset=utf-8"
AGENT = "nbyard"


def post_events(
    url: str, service: str, message: Message, tls: ssl.SSLContext | None = None
) -> Delivery:
    """Post the events of a message. A redirect counts as a refusal."""
    parts = urlsplit(url)
    is_batch = len(message.events) > 1
    content = json.dumps(message.events if is_batch else message.events[0]).encode()
    headers = {
        "Content-Type": BATCH if is_batch else ONE,
        "User-Agent": AGENT,
        "Idempotency-Key": message.id,
        "Connection": "close",
    }
    host = parts.hostname or ""
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, parts.port, timeout=SECONDS)
    else:
        context = tls or ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=SECONDS, context=context)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        connection.request("POST", path, content, headers)
        answer = connection.getresponse()
        # Texts of receivers may repeat the URL, so they are read but not shown.
        answer.read(LONGEST_TEXT)
        return http_delivery(service, answer.status, answer.getheader("Retry-After") or "")
    except (OSError, http.client.HTTPException) as error:
        message_text = str(error) or type(error).__name__
        return Delivery(because("channel-unreachable", service=service, message=message_text))
    finally:
        connection.close()
