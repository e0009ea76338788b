"""Sortable identifiers: UUID version 7 text (RFC 9562, section 5.7)."""

import os
import time
import uuid
from datetime import datetime


def new_id() -> str:
    """Create an ID: 48 bits of milliseconds, 12 bits below a millisecond, the rest random."""
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    value = milliseconds << 80
    # version, then the fraction of a millisecond
    # The fraction keeps IDs of one millisecond in order (RFC 9562, section 6.2, method 3).
    value |= 7 << 76 | (rest * 4096 // 1_000_000) << 64
    # variant, then random bits
    value |= 2 << 62 | int.from_bytes(os.urandom(8)) >> 2
    return str(uuid.UUID(int=value))


def first_id_at(moment: datetime) -> str:
    """Return the smallest ID that can be created at a time; it bounds a range of rows by ID."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return str(uuid.UUID(int=milliseconds << 80))


def is_id(text: str) -> bool:
    """Return whether a text can be an ID."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
