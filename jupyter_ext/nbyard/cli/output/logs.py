"""The log of a node: of its newest attempt, and when it is followed of those that come after it."""

import time
from typing import Any

import click

from nbyard.cli.output.console import harmless, say

LOOK_SECONDS = 0.2
MAX_LAST = 64 << 10
ENDS = {"lost": "was lost", "failed": "failed"}


def print_log(connection: Any, run: str, node: str, follow: bool = False, attempt: int = 0) -> str:
    """Print what an attempt at a node printed, by default the newest. With `follow` to its end, and
    where none was named to that of the node: an attempt that was lost is followed by another.
    Returns the last of what was printed."""
    is_told = follow and not attempt
    first = connection.runs.log(run=run, node=node).attempt if is_told else attempt
    if is_told and first > 1:
        say(_change(connection, run, node, first - 1))
    number, last = _print(connection, run, node, follow, first)
    if not is_told:
        return last
    while (newest := _newest(connection, run, node, number)) != number:
        if number:
            say(_change(connection, run, node, number))
        number, last = _print(connection, run, node, follow, newest)
    return last


def _print(connection: Any, run: str, node: str, follow: bool, attempt: int) -> tuple[int, str]:
    """The number of the attempt whose log it was, 0 where there was none, and the last of it."""
    after: int = 0
    last: str = ""
    while True:
        chunk = connection.runs.log(run=run, node=node, after=after, attempt=attempt)
        attempt = attempt or chunk.attempt  # another one that begins meanwhile has its own log
        click.echo(harmless(_lines(chunk.text)), nl=False)
        last = (last + chunk.text)[-MAX_LAST:]
        moved, after = chunk.next > after, chunk.next
        if chunk.done or not (follow or moved):
            return int(attempt), last
        if not moved:
            time.sleep(LOOK_SECONDS)


def _newest(connection: Any, run: str, node: str, number: int) -> int:
    """The number of an attempt that came after that one, which is at its end; the same where none
    comes any more."""
    while True:
        chunk = connection.runs.log(run=run, node=node)
        if chunk.attempt > number or chunk.over:
            return int(chunk.attempt)
        time.sleep(LOOK_SECONDS)


def _change(connection: Any, run: str, node: str, number: int) -> str:
    """That the log of another attempt comes now, and why."""
    tasks = connection.runs.get(run=run).tasks
    attempts = next(task.attempts for task in tasks if task.node == node)
    last = next(one for one in attempts if one.number == number)
    how = ENDS.get(last.state, last.state)
    why = f": {last.reason}" if last.reason else ""
    return f"── {node}, next attempt: attempt {number} {how}{why}"


def _lines(text: str) -> str:
    """Progress bars go back to the start of their line; here each state is a line."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
