"""Posts OpenLineage events to a URL, one after the other over one connection."""

import contextlib
import json

from nbyard.domain.notices.channel_urls import is_openlineage, masked_url, openlineage_target
from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.transfer.notices.webhook import AGENT, connection_to, post

JSON = "application/json; charset=utf-8"


class OpenLineageKind:
    """A receiver of OpenLineage events, `openlineage+https://KEY@HOST/PATH`."""

    name, rank = "openlineage", 50

    def describe(self, url: str) -> ChannelAddress | None:
        """Return the host of the receiver. The rest of the URL may be secret."""
        if not is_openlineage(url):
            return None
        return ChannelAddress(self.name, "OpenLineage", masked_url(openlineage_target(url)[0]))

    def send(self, url: str, service: str, message: Message) -> Delivery:
        """Post the events of a message, until one is not accepted.

        A repeated message posts all of them again. Receivers identify events by run, type and time.
        """
        web, key = openlineage_target(url)
        headers = {"Content-Type": JSON, "User-Agent": AGENT}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        # One connection: a run of many tasks would otherwise not be sent within the time limit.
        with contextlib.closing(connection_to(web)) as connection:
            for event in message.events:
                content = json.dumps(event).encode()
                delivery = post(connection, web, service, content, headers)
                if delivery.reason is not None:
                    return delivery
        return Delivery()
