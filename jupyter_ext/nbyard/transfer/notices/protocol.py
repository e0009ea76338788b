"""The kinds of notice channels: their interface, and the installed ones (`nbyard.channels`)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol, cast

from nbyard.domain.notices.structs import ChannelAddress, Delivery, Message
from nbyard.host.entry_points import entry_points_of, load_entry_point
from nbyard.reasons.structs import because

MOST_CHARACTERS = 20  # of a name
GROUP = "nbyard.channels"
# Answers of servers that may accept the same message later.
LATER = (408, 409, 423, 425, 429)
INTERNAL_ERROR = 500
LONGEST_TEXT = 200
# Of one request, less than the time limit of the process that sends a message.
ANSWER_SECONDS = 15.0


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


def http_delivery(service: str, status: int, retry_after: str = "") -> Delivery:
    """Return the delivery for an HTTP response: delivered, to be repeated, or failed for good."""
    if 200 <= status < 300:
        return Delivery()
    is_final = status < 500 and status not in LATER
    pause = retry_seconds(retry_after)
    is_of_message = status == INTERNAL_ERROR and pause is None
    why = because("channel-answered", service=service, status=status)
    return Delivery(why, is_final, pause, is_of_message)


def too_late(service: str) -> Delivery:
    """Return the delivery for a server that did not respond in time. It is to be repeated."""
    return Delivery(because("channel-too-late", service=service, seconds=ANSWER_SECONDS))


def mail_delivery(service: str, status: int, text: str = "") -> Delivery:
    """Return the delivery for a refusal by a mail server.

    A status of 4xx is to be repeated.
    """
    why = because("channel-answered", service=service, status=status)
    if line := " ".join(text.split())[:LONGEST_TEXT]:
        why = because("channel-answered-text", service=service, status=status, text=line)
    return Delivery(why, status >= 500)


def retry_seconds(text: str, now: datetime | None = None) -> float | None:
    """Return the pause in seconds from a Retry-After header, None if the header is not valid."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            at = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - (now or datetime.now(UTC))).total_seconds()
    return max(seconds, 0.0) if seconds < float("inf") else None
