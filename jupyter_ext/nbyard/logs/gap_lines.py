"""Handles lines of logs where output is missing: a text for people, then a reason for programs."""

import json
import re

# as `runner/supervision/records/log_gap.py` writes them
GAP = re.compile(r'^(\[nbyard: .*\]) (\{"code": "log-gap.*\})$', re.MULTILINE)


def without_gap_reasons(text: str) -> str:
    """Return a log for people, without the reasons in lines where output is missing."""
    return GAP.sub(_without_reason, text)


def _without_reason(line: re.Match[str]) -> str:
    try:
        json.loads(line[2])
    except (ValueError, RecursionError):
        return line[0]  # the work printed it
    return line[1]
