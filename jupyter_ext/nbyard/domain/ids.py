"""Sortable identifiers: UUID version 7 text (RFC 9562, section 5.7)."""

import os
import time
import uuid


def new_id() -> str:
    """Create an ID: 48 bits of milliseconds, 12 bits below a millisecond, the rest random."""
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    value = milliseconds << 80
    # version, then the fraction of a millisecond
    value |= 7 << 76 | (rest * 4096 // 1_000_000) << 64
    # variant, then random bits
    value |= 2 << 62 | int.from_bytes(os.urandom(8)) >> 2
    return str(uuid.UUID(int=value))


def is_id(text: str) -> bool:
    """Return whether a text can be an ID."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
