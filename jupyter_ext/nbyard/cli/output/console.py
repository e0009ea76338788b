"""Printing: data goes to standard output, everything else to standard error."""

import contextlib
import re
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import click
import msgspec

from nbyard.cli.output.clean_streams import without_control_characters
from nbyard.errors import NameTaken, Unavailable
from nbyard.reasons.structs import format_bytes

# JSON may contain them, unlike other control characters.
UNESCAPED = re.compile(r"[\x7f-\x9f]")
EXACT = 2.0**53
LARGE = 1e5
RESTART_SECONDS = 60.0
AGAIN_SECONDS = 0.5


@contextlib.contextmanager
def hinting_option(option: str) -> Iterator[None]:
    """Add the option that takes over a name to the hint of a `NameTaken` error.

    Raises:
        NameTaken: the name is taken. The hint names the option.
    """
    try:
        yield
    except NameTaken as taken:
        hints = [*filter(None, (taken.hint_reason, option))]
        raise NameTaken(
            taken.reason, hint=" ".join(map(str, hints)), details=taken.details
        ) from None


def print_note(text: str) -> None:
    """Print a line for the user, on standard error."""
    click.echo(text, err=True)


def chosen_server() -> str:
    """Return the server of the running command; empty: the store of this machine."""
    from nbyard.host.server_names import server_of  # late: help needs none of it

    return server_of(_named_server())


def ask_again(ask: Callable[..., Any], **values: Any) -> Any:
    """Return an answer; ask again while a server restarts.

    Raises:
        Unavailable: there was no answer for `RESTART_SECONDS`.
    """
    until, is_told = time.monotonic() + RESTART_SECONDS, False
    while True:
        try:
            return ask(**values)
        except Unavailable as error:
            if time.monotonic() >= until:
                raise
            if not is_told:
                print_note(f"Waiting for the server: {error.message}")
            is_told = True
            time.sleep(AGAIN_SECONDS)


def follow_up(command: str) -> str:
    """Return a command to type next, with the server of this one but without its token."""
    server = _named_server()
    if server.startswith(("http://", "https://")):
        from nbyard.host.server_names import read_address  # late: help needs none of it

        server, _ = read_address(server)
    return f"{command} --server {shlex.quote(server)}" if server else command


def _named_server() -> str:
    context = click.get_current_context(silent=True)
    return str(context.params.get("server") or "") if context else ""


def warn_ignored_settings(connection: Any) -> None:
    """Warn about settings given here that the running dispatcher was started without."""
    from nbyard.discover import Local

    others = connection.ignored_settings() if isinstance(connection, Local) else {}
    for word, value in others.items():
        print_note(
            f"{word} is ignored: the running dispatcher was started with {value or 'no value'}."
        )
    if others:
        print_note("nbyard doctor says how to restart it.")


def show_json(value: Any) -> None:
    """Print a value as JSON, on standard output."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    click.echo(UNESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def show_table(rows: Iterable[Sequence[Any]], head: Sequence[str]) -> None:
    """Print aligned columns, on standard output."""
    texts = ([cell_text(cell).replace("\n", " ") for cell in row] for row in rows)
    lines = [[without_control_characters(text) for text in row] for row in texts]
    widths = [max(len(row[i]) for row in [list(head), *lines]) for i in range(len(head))]
    for row in [list(head), *lines]:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def cell_text(value: Any) -> str:
    """Return a value as a text: moments by their age, lists with commas."""
    if isinstance(value, datetime):
        return format_age(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def columns(fields: str, **readers: Callable[[Any], Any]) -> dict[str, Callable[[Any], Any]]:
    """Return the columns of a table by their titles.

    Each word is the path of a field, or TITLE=PATH. Titles with a reader show what it returns. In
    titles, `_` is a space. Amounts of bytes have a unit.
    """
    by_title: dict[str, Callable[[Any], Any]] = {}
    for word in fields.split():
        title, _, path = word.partition("=")
        read = readers.get(title) or attrgetter(path or title)
        by_title[title.replace("_", " ")] = read
        if word.endswith("_bytes"):
            by_title[title] = lambda item, read=read: format_size(read(item))  # type: ignore[misc]
    return by_title


def show_items(items: Iterable[Any], columns: Mapping[str, Callable[[Any], Any]]) -> None:
    """Print a table of items, on standard output."""
    show_table([[read(item) for read in columns.values()] for item in items], [*columns])


def format_number(value: Any) -> Any:
    """Return a number with a readable number of digits; other values unchanged."""
    if not isinstance(value, float):
        return value
    # Larger floats do not represent every whole number.
    if value.is_integer() and abs(value) < EXACT:
        return int(value)
    if LARGE <= abs(value) < EXACT:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.7g}"


def format_age(moment: datetime, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """Return the time since a moment, such as `3 min ago`."""
    seconds = (now() - moment).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    # The clock of a server may be ahead of the one here.
    return f"{max(0, int(seconds))} s ago"


def format_duration(start: datetime | None, end: datetime | None) -> str:
    """Return a duration such as `1:05`, or `4.2 s` below a minute."""
    if start is None:
        return ""
    seconds = ((end or datetime.now(UTC)) - start).total_seconds()
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def format_estimate(seconds: float) -> str:
    """Return estimated seconds as a rough duration: `40 s`, `3 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def start_text(seconds: float | None) -> str:
    """Return when something starts: `in 40 s`, `now`, or empty if unknown."""
    return f"in {format_estimate(seconds)}" if seconds else "" if seconds is None else "now"


def counted(count: int, noun: str) -> str:
    """Return a number of things, such as `1 file` or `2 files`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def format_size(count: int | None) -> str:
    """Return a size in bytes with its unit, such as `15.2 kB`."""
    return "" if count is None else format_bytes(count)
