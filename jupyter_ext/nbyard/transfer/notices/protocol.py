"""The kinds of notice channels: their interface, and the installed ones (`nbyard.channels`)."""

from typing import Protocol, cast

from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.host.entry_points import entry_points_of, load_entry_point

MOST_CHARACTERS = 20  # of a name
GROUP = "nbyard.channels"


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


def channel_kinds() -> list[ChannelKind]:
    """Return all kinds of channels, in the order of use."""
    # All of them, as only `describe` knows to which kind a URL belongs.
    kinds = [cast(ChannelKind, load_entry_point(GROUP, name)) for name in entry_points_of(GROUP)]
    return sorted(kinds, key=lambda kind: (kind.rank, kind.name))


def channel_kind(name: str) -> ChannelKind | None:
    """Return the kind with this name, None if it is not installed."""
    return next((kind for kind in channel_kinds() if kind.name == name), None)
