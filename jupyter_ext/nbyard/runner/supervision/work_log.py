"""The log of an attempt: all that the work printed, in order, as UTF-8, up to a limit."""

from __future__ import annotations

import codecs
import json
import os
from collections import deque

from ..reasons import Reason, because, system_error
from ..secret_masking import Masks

LIMIT_BYTES = 64 * 1024 * 1024
TAIL_BYTES = 256 * 1024
AT_LIMIT = b"\n[nbyard: the log has reached its limit; its end follows when the work has ended]\n"
LAST_LINES = 40
LAST_LINES_BYTES = 16 * 1024


class Log:
    """Appends output to a file, with secrets masked.

    Beyond the limit, only the end of the output is kept, after a line about the gap.
    """

    def __init__(
        self, path: str, limit_bytes: int = LIMIT_BYTES, masks: Masks | None = None
    ) -> None:
        self._masks = Masks(()) if masks is None else masks
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        # A pipe may cut a character of several bytes in two.
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        # The end of the output always has room, because it shows why the work failed.
        self._space = limit_bytes - TAIL_BYTES - os.fstat(self._file).st_size
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._recent = b""
        self._lost_bytes = 0
        self._lost_lines = 0
        self._trouble = ""
        self._why: Reason | None = None
        self._has_ended = False

    def feed(self, data: bytes) -> None:
        """Append bytes as they come from the pipe. Invalid UTF-8 becomes U+FFFD."""
        self._take(self._masks.feed(self._decode(data).encode()))

    def _take(self, text: bytes) -> None:
        self._recent = (self._recent + text)[-LAST_LINES_BYTES:]
        if self._tail or len(text) > self._space:
            head, text = text[: max(self._space, 0)], text[max(self._space, 0) :]
            self._write(head)
            self._tail.append(text)
            self._tail_bytes += len(text)
            while self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
                first = self._tail.popleft()
                self._tail_bytes -= len(first)
                self._lose(first)
        else:
            self._write(text)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        self._space -= len(data)
        while view:
            try:
                view = view[os.write(self._file, view) :]
            except OSError as error:
                self._trouble = error.strerror or str(error)
                self._why = refused_write(error)
                self._lose(bytes(view))
                return

    def _lose(self, data: bytes) -> None:
        # Written at the first loss, so that people who follow the log see it at once.
        if not self._lost_bytes and not self._trouble:
            self._write(AT_LIMIT)
        self._lost_bytes += len(data)
        self._lost_lines += data.count(b"\n")

    @property
    def is_full(self) -> bool:
        """Return whether the log has reached its limit and holds new output back until the end."""
        return bool(self._tail)

    def note(self, sentence: str) -> None:
        """Append a line by nbyard itself."""
        start = b"" if self._recent[-1:] in (b"", b"\n") else b"\n"
        self.feed(start + f"[nbyard: {sentence}]\n".encode())

    def last_lines(self) -> str:
        """Return the last LAST_LINES lines."""
        lines = self._recent.decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-LAST_LINES:])

    def end(self) -> None:
        """Write the output that was held back, after a line that counts the lost output."""
        if self._has_ended:
            return
        self._has_ended = True
        end = self._masks.feed(self._decode(b"", True).encode()) + self._masks.end()
        if end:
            self._take(end)
        end = b"".join(self._tail)
        if len(end) > TAIL_BYTES:
            self._lose(end[:-TAIL_BYTES])
            end = end[-TAIL_BYTES:]
        if self._lost_bytes:
            why = self._why or log_limit()
            self._write(gap_line(self._lost_lines, self._lost_bytes, why))
        self._write(end)

    def close(self) -> None:
        """Write the rest and flush the file to disk, so that it survives a power cut."""
        self.end()
        try:
            if os.fstat(self._file).st_size:
                os.fsync(self._file)
        except OSError as error:
            self._trouble = self._trouble or str(error)
        os.close(self._file)

    @property
    def trouble(self) -> str:
        """Return the system's message about a failed write, or an empty text."""
        return self._trouble


def gap_line(lines: int, size: int, why: Reason, *, is_least: bool = False) -> bytes:
    """Return the line for missing output, with a line end before and after it.

    `lines` and `size` (bytes) count the output. With `is_least`, more may be missing.
    """
    code = "log-gap-at-least" if is_least else "log-gap"
    least = "at least " if is_least else ""
    text = f"lines missing here: {least}{lines:,} ({_bytes(size)}): {_text(why)}"
    return _line(text, because(code, lines=lines, size=size, why=why))


def uncounted_gap_line(why: Reason) -> bytes:
    """Return the line for missing output of unknown size, with a line end before and after it."""
    return _line(f"lines missing here: {_text(why)}", because("log-gap-uncounted", why=why))


def _line(text: str, reason: Reason) -> bytes:
    return f"\n[nbyard: {text}] {json.dumps(reason, ensure_ascii=False)}\n".encode()


def log_limit() -> Reason:
    """Return the reason for output that is missing because the log reached its limit."""
    return because("log-limit")


def refused_write(error: OSError) -> Reason:
    """Return the reason for output that is missing because the system refused to write it."""
    reason = system_error(error)
    reason["params"]["message"] = error.strerror or str(error)
    return reason


def _bytes(count: int) -> str:
    """Return a size in words, in the form of the catalogue, which the runner cannot import."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = min((len(str(count)) - 1) // 3, len(units) - 1)
    if not power:
        return f"{count} B"
    tenths = (count * 10 + 1000**power // 2) // 1000**power
    if tenths == 10_000 and power + 1 < len(units):
        tenths, power = 10, power + 1
    return f"{tenths / 10:.1f} {units[power]}"


def _text(why: Reason) -> str:
    match why["code"]:
        case "log-limit":
            return "the log has reached its limit"
        case "log-forgotten":
            return "the container engine kept no more of the log"
        case "log-unseen":
            return "the container ended while its engine was down"
    return str(why["params"]["message"])
