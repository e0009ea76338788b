"""Printing of a node's log; following includes the attempts that come later."""

import time
from collections.abc import Callable
from typing import Any

import click

from nbyard.cli.output.console import print_note
from nbyard.logs.log_files import without_gap_reasons

LOOK_SECONDS = 0.2
# Enough for the traceback of a failure, which is then not printed twice.
MAX_LAST = 64 << 10
ENDS = {"lost": "was lost", "failed": "failed"}


def print_log(connection: Any, run: str, node: str, follow: bool = False, attempt: int = 0) -> str:
    """Print the log of an attempt at a node, by default the newest; return its end.

    With `follow`, print until the attempt ends. Without a named attempt, continue with the next
    attempt if one was lost, until the node ends.
    """
    is_told = follow and not attempt
    first = connection.runs.log(run=run, node=node).attempt if is_told else attempt
    if is_told and first > 1:
        print_note(_change(connection, run, node, first - 1))
    number, last = _print(connection, run, node, follow, first)
    if not is_told:
        return last
    while True:
        newest = connection.runs.log(run=run, node=node)
        if newest.attempt > number:
            if number:
                print_note(_change(connection, run, node, number))
            number, last = _print(connection, run, node, follow, newest.attempt)
        elif newest.over:
            return last
        else:
            time.sleep(LOOK_SECONDS)


def print_growing_log(
    read: Callable[[int], Any], *, follow: bool = True, quiet: bool = False, err: bool = False
) -> None:
    """Print a log so far; with `follow`, until its end. `read` returns the part after a place."""
    after = 0
    while True:
        chunk = read(after)
        click.echo("" if quiet else chunk.text, nl=False, err=err)
        moved, after = chunk.next > after, chunk.next
        # Without `follow`, stop at the present end, but read all pieces until there.
        if chunk.done or not (follow or moved):
            return
        if not moved:
            time.sleep(LOOK_SECONDS)


def _print(connection: Any, run: str, node: str, follow: bool, attempt: int) -> tuple[int, str]:
    """Print the log of an attempt; return its number (0 for none) and the end of the log."""
    after: int = 0
    last: str = ""
    while True:
        chunk = connection.runs.log(run=run, node=node, after=after, attempt=attempt)
        attempt = attempt or chunk.attempt  # stay with this attempt if a new one starts
        # Each state of a progress bar gets its own line.
        lines = chunk.text.replace("\r\n", "\n").replace("\r", "\n")
        lines = without_gap_reasons(lines)
        click.echo(lines, nl=False)
        last = (last + chunk.text)[-MAX_LAST:]
        moved, after = chunk.next > after, chunk.next
        if chunk.done or not (follow or moved):
            return int(attempt), last
        if not moved:
            time.sleep(LOOK_SECONDS)


def _change(connection: Any, run: str, node: str, number: int) -> str:
    """Return a line that announces the next attempt, with the reason."""
    tasks = connection.runs.get(run=run).tasks
    attempts = next(task.attempts for task in tasks if task.node == node)
    last = next(attempt for attempt in attempts if attempt.number == number)
    how = ENDS.get(last.state, last.state)
    why = f": {last.why}" if last.reason else ""
    return f"── {node}, next attempt: attempt {number} {how}{why}"
