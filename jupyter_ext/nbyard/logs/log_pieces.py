"""Reads growing logs in pieces, forwards or backwards from a byte."""

import contextlib
import json
import os
import re
from pathlib import Path

from nbyard.domain.runs.attempt_views import LogChunk

LOG_CHUNK = 256 * 1024
# as `runner/supervision/work_log.py` writes them
GAP = re.compile(r'^(\[nbyard: .*\]) (\{"code": "log-gap.*\})$', re.MULTILINE)


def read_piece(path: Path, after: int, before: int = 0, *, done: bool) -> LogChunk:
    """Return a piece of a log after byte `after`, or the piece that ends at byte `before`.

    A piece never contains half a character. It ends within a line only if the log does, or if the
    line is too long. `done` states that the log is complete. A missing log counts as empty.
    """
    content, start, end = b"", after, True
    with contextlib.suppress(FileNotFoundError), path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        stop = min(before or after + LOG_CHUNK, size)
        start = max(after, stop - LOG_CHUNK)
        if start < stop:  # no file system has a place far beyond the end
            handle.seek(start)
            content = handle.read(stop - start)
        end = start + len(content) >= size
        if before and start > after:
            # Cut off an incomplete line at the start, or at least an incomplete character.
            skipped = content.find(b"\n", 0, -1) + 1
            if not skipped:
                firsts = (at for at, byte in enumerate(content[:4]) if not 0x80 <= byte < 0xC0)
                skipped = next(firsts, 0)
            start, content = start + skipped, content[skipped:]
    if not end and not before:
        content = content[: content.rfind(b"\n") + 1] or content
    # The rest of a character may be written later; at the end there is no rest.
    if not (done and end):
        content = _whole_characters(content)
    text = content.decode("utf-8", "replace")
    return LogChunk(text, start + len(content), done and end, start=start)


def _whole_characters(content: bytes) -> bytes:
    """Return the content without an incomplete character at its end."""
    for back in range(1, min(4, len(content)) + 1):
        # In UTF-8, 0x80 to 0xBF continue a character, and 0xC0 or more begin one (RFC 3629).
        byte = content[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return content[:-back] if back < length else content
    return content


def has_more_than(path: Path, text: str) -> bool:
    """Return whether a log contains more than the line `text`."""
    try:
        return path.stat().st_size > len(text.encode()) + len(os.linesep)
    except OSError:
        return False


def without_gap_reasons(text: str) -> str:
    """Return a log for people, without the reasons in lines where output is missing."""
    return GAP.sub(_without_reason, text)


def _without_reason(line: re.Match[str]) -> str:
    try:
        json.loads(line[2])
    except (ValueError, RecursionError):
        return line[0]  # the work printed it
    return line[1]
