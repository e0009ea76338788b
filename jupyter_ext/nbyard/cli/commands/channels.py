"""Commands that create, change and test notice channels.

URLs are read from standard input, a file or a hidden prompt. They contain secrets, and other users
can see command lines.
"""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from nbyard.cli.commands.credentials import is_terminal
from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import connect, json_option, server_option
from nbyard.domain.notices.structs import (
    DEFAULT_EVENTS,
    EVENTS,
    Channel,
    ChannelPatch,
    DigestLimit,
    NewChannel,
    NoticeEvent,
    NoticeRule,
    ScheduleNotice,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

KNOWN = ", ".join(EVENTS)


def rule_options(command: Any) -> Any:
    """Add the options for the rules of a channel and for its digests."""
    for option in reversed(
        (
            click.option("--file", metavar="PATH", help="Read the URL from this file."),
            click.option("--on", "events", metavar="EVENT,…", help=f"Events to report: {KNOWN}."),
            click.option(
                "--of", "paths", multiple=True, metavar="FILE", help="Only runs of this file."
            ),
            click.option(
                "--long-factor",
                type=float,
                metavar="X",
                help="A run is running-long after X times its usual duration. Default: 2.",
            ),
            click.option(
                "--long-after",
                type=float,
                metavar="SECONDS",
                help="A run is running-long after this time.",
            ),
            click.option(
                "--most", type=int, metavar="N", help="At most N in a window. Default: 10."
            ),
            click.option(
                "--window",
                type=int,
                metavar="SECONDS",
                help="Beyond N messages in this time, events share one message. Default: 300.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command()
@click.argument("name")
@rule_options
@server_option
@json_option
def create(name: str, server: str, as_json: bool, **given: Any) -> None:
    """Create a notice channel.

    The URL is read from standard input, from a file or at a hidden prompt. https:// receives
    CloudEvents; other URLs are those of Apprise, such as slack://… or mailtos://…

    \b
    Examples:
      nbyard channels create team --on failed,recovered < url.txt
      nbyard channels create mail --on failed --of pipeline.nbflow
      nbyard channels create pager --on running-long --long-after 3600
    """
    body = NewChannel(name, _url(given["file"]), _rules(given, []), _digest(given, DigestLimit()))
    _tell(connect(server).channels.create(body=body), as_json)


@click.command()
@click.argument("name")
@click.option("--name", "new_name", help="New name.")
@click.option("--url", "has_url", is_flag=True, help="Replace the URL, read as for `create`.")
@rule_options
@server_option
@json_option
def update(name: str, server: str, as_json: bool, **given: Any) -> None:
    """Change a notice channel. Omitted options keep their values.

    \b
    Examples:
      nbyard channels update team --on failed,retried
      nbyard channels update team --url < new-url.txt
    """
    channels = connect(server).channels
    found = channels.get(channel=name)
    more: dict[str, Any] = {}
    if given["has_url"] or given["file"]:
        more["url"] = _url(given["file"])
    if given["new_name"] is not None:
        more["name"] = given["new_name"]
    if any(given[one] for one in ("events", "paths", "long_factor", "long_after")):
        more["rules"] = _rules(given, found.rules)
    if given["most"] is not None or given["window"] is not None:
        more["digest"] = _digest(given, found.digest)
    body = ChannelPatch(found.revision, **more)
    _tell(channels.update(channel=found.id, body=body), as_json)


@click.command()
@click.argument("channel")
@server_option
@json_option
def test(channel: str, server: str, as_json: bool) -> None:
    """Send a test message now. The exit code is 1 if the channel does not accept it.

    \b
    Example:
      nbyard channels test team
    """
    found = connect(server).channels.test(channel=channel)
    if as_json:
        show_json(found)
    elif found.is_sent:
        print_note("The channel accepted the test message.")
    else:
        print_note(f"Not sent: {found.reason}")
    sys.exit(0 if found.is_sent else 1)


COMMANDS = (create, update, test)


def schedule_notices(words: tuple[str, ...]) -> list[ScheduleNotice]:
    """Return the channels of a schedule, each written as CHANNEL or CHANNEL:EVENT,…

    Raises:
        Invalid: an event is unknown.
    """
    found = []
    for place, word in enumerate(words):
        name, _, events = word.partition(":")
        chosen = _events(events, f"notify.{place}.events") if events else [*DEFAULT_EVENTS]
        found.append(ScheduleNotice(name, chosen))
    return found


def _rules(given: dict[str, Any], known: list[NoticeRule]) -> list[NoticeRule]:
    """Return the rules of the options: one for each file, else one for all runs."""
    if not any(given[one] for one in ("events", "paths", "long_factor", "long_after")):
        return known
    before = known[0] if known else NoticeRule([*DEFAULT_EVENTS])
    events = _events(given["events"], "rules.0.events") if given["events"] else before.events
    changed = msgspec.structs.replace(before, events=events)
    if given["long_factor"] is not None:
        changed = msgspec.structs.replace(changed, long_factor=given["long_factor"])
    if given["long_after"] is not None:
        changed = msgspec.structs.replace(changed, long_seconds=given["long_after"])
    paths = given["paths"] or [rule.path for rule in known] or [""]
    return [msgspec.structs.replace(changed, path=path) for path in paths]


def _events(words: str, field: str) -> list[NoticeEvent]:
    chosen = [word.strip() for word in words.split(",") if word.strip()]
    known = {str(event): event for event in EVENTS}
    for word in chosen:
        if word not in known:
            raise Invalid.field(field, because("must-be-one-of", names=[*EVENTS]))
    return [known[word] for word in chosen]


def _digest(given: dict[str, Any], known: DigestLimit) -> DigestLimit:
    names = {"most": "most", "window_seconds": "window"}
    changes = {name: given[one] for name, one in names.items() if given[one] is not None}
    return msgspec.structs.replace(known, **changes)


def _url(file: str | None) -> str:
    """Read a URL from a file, from standard input or at a hidden prompt."""
    if file:
        try:
            return Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise click.UsageError(f"{file} cannot be read: {error}") from None
    if is_terminal():
        return str(click.prompt("URL", hide_input=True, err=True)).strip()
    return sys.stdin.read().strip()


def _tell(made: Channel, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    print_note(f"{made.name}: {made.service} ({made.address})")
    click.echo(made.id)
