"""The line in a log where output is missing: a text for people, then a reason for programs.

The log is a file that people open too, so the line has the text of the catalogue in English.
Programs read the reason after it, and render it in the language of the user.
"""

from __future__ import annotations

import json

from ..reasons import Reason, because, system_error


def gap_line(lines: int, size: int, why: Reason, *, is_least: bool = False) -> bytes:
    """Return the line for output that is missing, between line ends.

    `is_least` means that more lines or bytes (`size`) may be missing.
    """
    code = "log-gap-at-least" if is_least else "log-gap"
    least = "at least " if is_least else ""
    text = f"lines missing here: {least}{lines:,} ({_bytes(size)}): {_text(why)}"
    return _line(text, because(code, lines=lines, size=size, why=why))


def uncounted_gap_line(why: Reason) -> bytes:
    """Return the line for missing output of unknown size, between line ends."""
    return _line(f"lines missing here: {_text(why)}", because("log-gap-uncounted", why=why))


def _line(text: str, reason: Reason) -> bytes:
    return f"\n[nbyard: {text}] {json.dumps(reason, ensure_ascii=False)}\n".encode()


def log_limit() -> Reason:
    """Return the reason for output beyond the limit of a log."""
    return because("log-limit")


def log_forgotten() -> Reason:
    """Return the reason for output that the container engine has deleted."""
    return because("log-forgotten")


def refused_write(error: OSError) -> Reason:
    """Return the reason for output that the system refused to write."""
    reason = system_error(error)
    reason["params"]["message"] = error.strerror or str(error)
    return reason


def _bytes(count: int) -> str:
    """Return a size as the catalogue shows it, which the runner cannot import."""
    units = ("B", "kB", "MB", "GB", "TB")
    power = min((len(str(count)) - 1) // 3, len(units) - 1)
    if not power:
        return f"{count} B"
    tenths = (count * 10 + 1000**power // 2) // 1000**power
    return f"{tenths / 10:.1f} {units[power]}"


def _text(why: Reason) -> str:
    match why["code"]:
        case "log-limit":
            return "the log has reached its limit"
        case "log-forgotten":
            return "the container engine kept no more of the log"
    return str(why["params"]["message"])
