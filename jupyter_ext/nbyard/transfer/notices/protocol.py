"""The protocol of every kind of notice channel (entry point group `nbyard.channels`)."""

from typing import Protocol

from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message

MOST_CHARACTERS = 20  # of a name


class ChannelKind(Protocol):
    """Sends messages to the URLs of one kind. It runs in a process of its own for each message.

    `name` is stored with each channel. Of several kinds that know a URL, the one with the lowest
    `rank` gets it; those of nbyard have 50 and more.
    """

    name: str
    rank: int

    def describe(self, url: str) -> ChannelAddress | None:
        """Return what a URL leads to, without its secrets and without reaching it.

        None if the URL is of another kind.

        Raises:
            ImportError: a package that is needed to know is not installed.
        """

    def send(self, url: str, service: str, message: Message) -> Delivery:
        """Send a message; return the answer, also of a receiver that cannot be reached.

        `service` is what texts call the receiver. A reason contains no secret of the URL.

        Raises:
            ImportError: a package is not installed.
        """
