"""Commands that create, change and test notice channels.

URLs are read from standard input, a file or a hidden prompt. They contain secrets, and other users
can see command lines.
"""

import sys
from typing import Any

import click

from nbyard.cli.commands.credentials import ask_secret, read_text
from nbyard.cli.commands.notices.options import digest_of, has_rules, rule_options, rules_of
from nbyard.cli.output.console import print_note, show_json
from nbyard.cli.shared_options import connect, json_option, server_option, shows
from nbyard.domain.notices.structs import (
    Channel,
    ChannelPatch,
    ChannelTest,
    ChannelUrl,
    DigestLimit,
    NewChannel,
)


def show_reports(made: Channel) -> None:
    """Print the address of a channel, the events that it reports, and its ID."""
    print_note(f"{made.name}: {made.service} ({made.address})")
    events = dict.fromkeys(event for rule in made.rules for event in rule.events)
    chosen = ", ".join(events) or "only what automations and projects choose"
    print_note(f"{made.name} reports: {chosen}")
    click.echo(made.id)


@click.command()
@click.argument("name")
@rule_options
@shows(show_reports)
def create(connection: Any, name: str, **given: Any) -> Any:
    """Create a notice channel.

    The URL is read from standard input, from a file or at a hidden prompt. https:// receives
    CloudEvents; other URLs are those of Apprise, such as slack://… or mailtos://…

    Without --on, the channel reports failed, recovered and automation-missed. With
    --on none, it reports only what automations and projects choose for it.

    \b
    Examples:
      nbyard channels create team < url.txt
      nbyard channels create team --on failed,recovered < url.txt
      nbyard channels create mail --on failed --of pipeline.nbflow
      nbyard channels create cellar --on failed --project wine
      nbyard channels create pager --on running-long --long-after 3600
    """
    body = NewChannel(
        name, _url(given["file"]), rules_of(given, []), digest_of(given, DigestLimit())
    )
    return connection.channels.create(body=body)


@click.command()
@click.argument("name")
@click.option("--name", "new_name", help="New name.")
@click.option("--url", "has_url", is_flag=True, help="Replace the URL, read as for `create`.")
@rule_options
@shows(show_reports)
def update(connection: Any, name: str, **given: Any) -> Any:
    """Change a notice channel. Omitted options keep their values.

    Without --project, the rules of projects stay, such as those of a push.

    \b
    Examples:
      nbyard channels update team --on failed,retried
      nbyard channels update team --url < new-url.txt
    """
    channels = connection.channels
    channel = channels.get(channel=name)
    more: dict[str, Any] = {}
    if given["has_url"] or given["file"]:
        more["url"] = _url(given["file"])
    if given["new_name"] is not None:
        more["name"] = given["new_name"]
    if has_rules(given):
        more["rules"] = rules_of(given, channel.rules)
    if given["most"] is not None or given["window"] is not None:
        more["digest"] = digest_of(given, channel.digest)
    body = ChannelPatch(channel.revision, **more)
    return channels.update(channel=channel.id, body=body)


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
    _print_test(connect(server).channels.test(channel=channel), as_json)


@click.command("test-url")
@click.option("--file", help="File that contains the URL. Default: standard input.")
@server_option
@json_option
def test_url(file: str | None, server: str, as_json: bool) -> None:
    """Send a test message to a URL, without creating a channel.

    The URL is read as for `create`. The exit code is 1 if the message is not accepted.

    \b
    Example:
      nbyard channels test-url < url.txt
    """
    channel_test = connect(server).channels.test_url(body=ChannelUrl(_url(file)))
    _print_test(channel_test, as_json)


COMMANDS = (create, update, test, test_url)


def _url(file: str | None) -> str:
    """Read a URL from a file, from standard input or at a hidden prompt."""
    return (read_text(file) if file else ask_secret("URL")).strip()


def _print_test(channel_test: ChannelTest, as_json: bool) -> None:
    if as_json:
        show_json(channel_test)
    elif channel_test.is_sent:
        print_note("The channel accepted the test message.")
    else:
        print_note(f"Not sent: {channel_test.reason}")
    sys.exit(0 if channel_test.is_sent else 1)
