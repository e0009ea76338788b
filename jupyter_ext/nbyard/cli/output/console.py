"""Data goes to standard output, everything else to standard error."""

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from nbyard.errors import NameTaken

# control characters of terminals in foreign text would act, not show
ESCAPES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
EXACT = 2.0**53
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@contextlib.contextmanager
def offering(option: str) -> Iterator[None]:
    """Who is refused a name that is taken is told the option that would take it, too."""
    try:
        yield
    except NameTaken as taken:
        taken.hint = " ".join(filter(None, (taken.hint, option)))
        raise


def say(text: str) -> None:
    """A line for people, on standard error."""
    click.echo(harmless(text), err=True)


def asked_server() -> str:
    """The server that the command at work asks; empty: the store of this machine."""
    return _named_server() or os.environ.get("NBYARD_SERVER", "")


def follow_up(command: str) -> str:
    """A command to type next, for the server that this one was given."""
    server = _named_server()
    return f"{command} --server {shlex.quote(server)}" if server else command


def _named_server() -> str:
    context = click.get_current_context(silent=True)
    return str(context.params.get("server") or "") if context else ""


def tell_unheard(connection: Any) -> None:
    """Settings that are given here, and that the dispatcher which is up was started without."""
    from nbyard.discover import Local

    others = connection.unheard() if isinstance(connection, Local) else {}
    for word, value in others.items():
        say(f"{word} does not count: the dispatcher that is up has {value or 'nothing'} there.")
    if others:
        say("nbyard doctor says how to start it anew.")


def harmless(text: str) -> str:
    """The text without control characters that would act on a terminal; colours stay."""
    parts = COLOURS.split(text)
    colours = COLOURS.findall(text)
    cleaned = [ESCAPES.sub("�", part.replace("\r\n", "\n")) for part in parts]
    return "".join(a + b for a, b in zip(cleaned, [*colours, ""], strict=True))


def show_json(value: Any) -> None:
    """A value as JSON, on standard output."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def show_table(rows: Iterable[Sequence[Any]], head: Sequence[str]) -> None:
    """Aligned columns, on standard output."""
    lines = [[harmless(_cell(cell)) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [list(head), *lines]) for i in range(len(head))]
    for row in [list(head), *lines]:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return ago(value)
    return str(value).replace("\n", " ")


def number(value: Any) -> Any:
    """A number in as many digits as people read; what is none as it is."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() and abs(value) < EXACT else f"{value:.6g}"


def ago(moment: datetime, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """`3 min ago`."""
    seconds = (now() - moment).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{max(0, int(seconds))} s ago"


def duration(start: datetime | None, end: datetime | None) -> str:
    """`1:05`, or `4.2 s` below a minute."""
    if start is None:
        return ""
    seconds = ((end or datetime.now(UTC)) - start).total_seconds()
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def about(seconds: float) -> str:
    """`40 s`, `3 min`, `2.5 h`: as exact as an estimate is."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def size(count: int | None) -> str:
    """`15.2 kB`."""
    if count is None:
        return ""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 1000 or unit == "TB":
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return ""
