"""What the process that sends is asked to do, and what it answers, as JSON."""

import msgspec

from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.reasons.structs import Reason


class SendRequest(msgspec.Struct, frozen=True):
    """Send a message, or describe the URL if there is no message.

    `service` is what the texts call the receiver, which is of the kind `kind`. `allowed` are the
    private hosts that may be reached.
    """

    url: str
    kind: str = "apprise"
    allowed: list[str] = []
    service: str = ""
    message: Message | None = None

    def __repr__(self) -> str:
        return f"SendRequest({self.service!r})"


class SendAnswer(msgspec.Struct, frozen=True):
    """A delivery, or what the URL leads to. `problem` says why that is unknown."""

    delivery: Delivery | None = None
    address: ChannelAddress | None = None
    problem: Reason | None = None
