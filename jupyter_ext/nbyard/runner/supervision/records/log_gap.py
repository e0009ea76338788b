"""The line in a log where output is missing: English text for people, then a reason for programs.

People open the log as a file, so the line has the catalogue's English text. Programs read the
reason after it, and render it in the user's language.
"""

from __future__ import annotations

import json

from ...reasons import Reason, because, system_error


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


def log_forgotten() -> Reason:
    """Return the reason for output that is missing because the container engine deleted it."""
    return because("log-forgotten")


def log_unseen() -> Reason:
    """Return the reason for output that is missing because the container engine was down."""
    return because("log-unseen")


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
