"""Builds the reasons of failures: a code with typed parameters, as in result.json.

The runner has no texts for them: nbyard renders failures with its catalogue.
"""

from __future__ import annotations

import errno
import re
import signal
from typing import Any

Reason = dict[str, Any]

# The codes and the names of their parameters. They are not masked where a secret is the same word.
CODES = re.compile(
    "argument-too-large|cancel-file|cell|command-exited|command-too-large|companion-missing"
    "|contents-not-text|contents-too-large|contents-unusable|disk-full|ended-by-signal"
    "|exited-after-line|exited-as|expression-lacks|file-unusable|function-exited|function-missing"
    "|function-process-ended|interrupted|is-a-folder|is-no-folder|kernel-died|kernel-died-by"
    "|kernel-ended|kernel-ended-by|kernel-interrupted|kernel-missing|kernel-not-started"
    "|kernel-silent|link-leaves|log-forgotten|log-gap|log-gap-at-least|log-gap-uncounted|log-limit"
    "|log-unseen|memory-limit|neither-file-nor-folder|no-kernel|not-written"
    "|notebook-format|notebook-process-ended|notebook-unreadable|notebooks-impossible"
    "|nothing-fits|output-missing|output-unchanged|parameter-cell|parameter-language"
    "|parameter-name|parameter-not-finite|parameter-refused|parameter-untranslatable"
    "|program-missing|program-not-executable|program-not-runnable|program-not-started|raised"
    "|raised-bare|reads-not-watched|same-names|several-files|signal|silence-limit|supervisor-stopped"
    "|system-error|system-killed|task-unusable|text|time-limit|told-missing|told-not-json"
    "|told-too-large|too-many-reads|unchanged-folder|value-null|value-unfit|warm-kernel-lost"
    "|working-folder-linked"
)
PARAMETERS = re.compile(
    "argument|byte|cause|code|companion|count|end|error|exit_code|expression|file|files"
    "|function|kernel|language|limit|line|lines|meaning|message|name|number|output|params|path|patterns"
    "|place|present|problem|program|reason|seconds|signal|size|text|used|why"
)
# Signals from outside. Errors of a program itself cause other signals.
FROM_OUTSIDE = (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)


def because(code: str, **params: Any) -> Reason:
    """Return a reason: a code of the catalogue, with its parameters."""
    return {"code": code, "params": params}


def is_reason(value: dict[str, Any]) -> bool:
    """Return whether an object is a reason with one of the runner's codes."""
    return value.keys() == {"code", "params"} and bool(CODES.fullmatch(str(value["code"])))


def system_error(error: OSError) -> Reason:
    """Return the reason for an error of the system."""
    symbol = errno.errorcode.get(error.errno or 0, "")
    return because("system-error", error=symbol, message=str(error))


def raised(line: str) -> Reason:
    """Return the reason for an exception of the work.

    `line` is the last line of its traceback.
    """
    name, colon, text = line.partition(": ")
    return because("raised", name=name, text=text) if colon else because("raised-bare", name=name)


class Explained(Exception):
    """An error with a reason, which becomes the reason of the attempt's failure."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason["code"])
        self.reason = reason


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def end_of(code: int) -> Reason:
    """Return the reason for an exit code of a process.

    A negative code is the number of a signal.
    """
    if code < 0:
        return because("signal", signal=-code, name=signal_name(-code))
    return because("command-exited", exit_code=code)
