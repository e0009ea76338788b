"""Interprets the responses of servers: whether a message was delivered, and when to try again."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from nbyard.domain.notices.structs import Delivery
from nbyard.reasons.structs import Reason, because

# Answers of servers that may accept the same message later.
LATER = (408, 409, 423, 425, 429)
INTERNAL_ERROR = 500
LONGEST_TEXT = 200
# Of one request, less than the time limit of the process that sends a message.
ANSWER_SECONDS = 15.0


def http_delivery(service: str, status: int, retry_after: str = "", text: str = "") -> Delivery:
    """Return the delivery for an HTTP response: delivered, to be repeated, or failed for good."""
    if 200 <= status < 300:
        return Delivery()
    is_final = status < 500 and status not in LATER
    pause = retry_seconds(retry_after)
    is_of_message = status == INTERNAL_ERROR and pause is None
    return Delivery(_reason(service, status, text), is_final, pause, is_of_message)


def too_late(service: str) -> Delivery:
    """Return the delivery for a server that did not respond in time. It is to be repeated."""
    return Delivery(because("channel-too-late", service=service, seconds=ANSWER_SECONDS))


def mail_delivery(service: str, status: int, text: str = "") -> Delivery:
    """Return the delivery for a refusal by a mail server.

    A status of 4xx is to be repeated.
    """
    return Delivery(_reason(service, status, text), status >= 500)


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


def _reason(service: str, status: int, text: str) -> Reason:
    message = " ".join(text.split())[:LONGEST_TEXT]
    if message:
        return because("channel-answered-text", service=service, status=status, text=message)
    return because("channel-answered", service=service, status=status)
