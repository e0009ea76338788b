"""The requests to the process that sends messages, and its answers, as JSON."""

import msgspec

from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.reasons.structs import Reason


class SendRequest(msgspec.Struct, frozen=True):
    """A request to send a message, or to describe the URL if there is no message.

    `kind` is the kind of channel. `service` is the receiver's name in texts. `allowed` lists
    private hosts to which the process may connect.
    """

    url: str
    kind: str = "apprise"
    allowed: list[str] = []
    service: str = ""
    message: Message | None = None

    def __repr__(self) -> str:
        return f"SendRequest({self.service!r})"


class SendAnswer(msgspec.Struct, frozen=True):
    """The delivery of a message, or the receiver of a URL.

    `problem` says why that is unknown.
    """

    delivery: Delivery | None = None
    address: ChannelAddress | None = None
    problem: Reason | None = None
