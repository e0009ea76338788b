"""The interface of notice channel kinds (entry point group `nbyard.channels`)."""

from typing import Protocol

from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message

MOST_CHARACTERS = 20  # of a name


class ChannelKind(Protocol):
    """Sends messages to URLs of one kind. A separate process runs it for each message.

    `name` is stored with each channel. If several kinds know a URL, the one with the lowest `rank`
    is used. Those of nbyard have 50 and more.
    """

    name: str
    rank: int

    def describe(self, url: str) -> ChannelAddress | None:
        """Return the receiver of a URL without its secrets, None for a URL of another kind.

        The receiver is not contacted.

        Raises:
            ImportError: A package that is needed for that is not installed.
        """

    def send(self, url: str, service: str, message: Message) -> Delivery:
        """Send a message. Return what the receiver responded, or why it cannot be reached.

        `service` is the receiver's name in texts. A reason must contain no secret of the URL.

        Raises:
            ImportError: A needed package is not installed.
        """
