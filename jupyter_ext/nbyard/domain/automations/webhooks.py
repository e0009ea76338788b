"""Signed messages as Standard Webhooks define them: HMAC-SHA256 over ID, timestamp and body."""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import UTC, datetime

import msgspec

from nbyard.domain.paging import check_range

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
# As in the reference code of Standard Webhooks. It limits the replay of recorded messages.
TOLERANCE_SECONDS = 300
MOST_BYTES = 1 << 20
MOST_PER_MINUTE = 600
# While a secret is replaced, a sender signs with the old and with the new one.
MOST_SIGNATURES = 10
# Standard Webhooks requires 24 to 64 bytes.
SECRET_BYTES = 32
PREFIX = "whsec_"
VERSION = "v1"
MESSAGE_ID = re.compile(r"[!-~]{1,200}")
SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class Message(msgspec.Struct, frozen=True):
    """A message as it arrived, with its headers."""

    id: str
    timestamp: str
    signatures: str
    body: bytes


def secret_text(key: bytes) -> str:
    """Encode a key as the secret that senders of messages get."""
    return PREFIX + base64.b64encode(key).decode()


def signature_of(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of the signature header for a message."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{VERSION},{base64.b64encode(digest).decode()}"


def is_signed(secret: str, message: Message, now: datetime) -> bool:
    """Return whether a message has a valid signature, and a timestamp near `now`."""
    if not MESSAGE_ID.fullmatch(message.id) or not SECONDS.fullmatch(message.timestamp):
        return False
    try:
        expected = signature_of(secret, message.id, message.timestamp, message.body).encode()
    except (binascii.Error, ValueError):
        return False
    given = message.signatures.encode("utf-8", "replace").split(b" ")[:MOST_SIGNATURES]
    # Compare all signatures, so that the duration reveals nothing about the expected one.
    matches = [hmac.compare_digest(expected, signature) for signature in given]
    return any(matches) and abs(int(message.timestamp) - now.timestamp()) <= TOLERANCE_SECONDS


def sent_at(message: Message) -> datetime:
    """Return the time when a message was sent, from its timestamp header."""
    return datetime.fromtimestamp(int(message.timestamp), UTC)


def check_rate(most_per_minute: int) -> None:
    """Check the maximum number of messages per minute.

    Raises:
        Invalid: the number is out of range.
    """
    check_range("on.most_per_minute", most_per_minute, 1, MOST_PER_MINUTE)
