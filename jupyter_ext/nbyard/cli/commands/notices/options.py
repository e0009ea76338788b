"""Options for rules, digests and the channels of an automation."""

import itertools
from typing import Any

import click
import msgspec

from nbyard.cli.shared_options import with_options
from nbyard.domain.notices.structs import (
    DEFAULT_EVENTS,
    EVENTS,
    AutomationNotice,
    DigestLimit,
    NoticeEvent,
    NoticeRule,
)
from nbyard.domain.paging import check_choice

KNOWN = ", ".join(EVENTS)
NO_EVENTS = "none"
OF_RULES = ("paths", "projects", "long_factor", "long_after")


def rule_options(command: Any) -> Any:
    """Add the options for the rules of a channel and for its digests."""
    return with_options(
        command,
        click.option("--file", metavar="PATH", help="Read the URL from this file."),
        click.option(
            "--on", "events", metavar="EVENT,…", help=f"Events to report: {KNOWN}; or {NO_EVENTS}."
        ),
        click.option(
            "--of", "paths", multiple=True, metavar="FILE", help="Only runs of this file."
        ),
        click.option(
            "--project",
            "projects",
            multiple=True,
            metavar="NAME",
            help="Only runs of this project. '' for all. `update` changes its rules.",
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
        click.option("--most", type=int, metavar="N", help="At most N in a window. Default: 10."),
        click.option(
            "--window",
            type=int,
            metavar="SECONDS",
            help="Beyond N messages in this time, events share one message. Default: 300.",
        ),
    )


def automation_notices(texts: tuple[str, ...]) -> list[AutomationNotice]:
    """Return the channels of an automation, each written as CHANNEL or CHANNEL:EVENT,…

    Raises:
        Invalid: an event is unknown.
    """
    notices = []
    for place, word in enumerate(texts):
        name, _, events = word.partition(":")
        chosen = events_of(events, f"notify.{place}.events") if events else [*DEFAULT_EVENTS]
        notices.append(AutomationNotice(name, chosen))
    return notices


def rules_of(given: dict[str, Any], known: list[NoticeRule]) -> list[NoticeRule]:
    """Return all rules of a channel after the options are applied.

    The options change the rules of the named projects, else those without a project. Other rules
    stay: those of a project may come from a push. Omitted options keep the values of the changed
    rules. The events `none` remove these rules.

    Raises:
        UsageError: each rule belongs to a project, and the options name no project.
    """
    named = given["projects"] or [""]
    changed = [rule for rule in known if rule.project in named]
    if given["events"] == NO_EVENTS:
        if any(given[option] for option in OF_RULES if option != "projects"):
            raise click.UsageError("--on none goes with --project only.")
        return [rule for rule in known if rule not in changed]
    if not changed and given["projects"]:
        # The project is new to the channel, so the channel's own rules are limited to it.
        changed = [rule for rule in known if not rule.project]
    if not changed and known and not given["projects"]:
        names = ", ".join(dict.fromkeys(rule.project for rule in known))
        raise click.UsageError(
            f"Each rule of the channel belongs to a project: {names}. Name the project with "
            "--project, or add a rule for all runs with --project ''."
        )
    kept = [rule for rule in known if rule not in changed]
    return [*_changed_rules(given, changed), *kept]


def _changed_rules(given: dict[str, Any], known: list[NoticeRule]) -> list[NoticeRule]:
    """Return one rule for each file in each project, else one for all runs."""
    # The options of a command are those of all its rules, so the first rule has them.
    before = known[0] if known else NoticeRule([*DEFAULT_EVENTS])
    events = events_of(given["events"], "rules.0.events") if given["events"] else before.events
    changed = msgspec.structs.replace(before, events=events)
    if given["long_factor"] is not None:
        changed = msgspec.structs.replace(changed, long_factor=given["long_factor"])
    if given["long_after"] is not None:
        changed = msgspec.structs.replace(changed, long_seconds=given["long_after"])
    # Each known rule keeps its own pair, unless an option replaces one side.
    places = [(rule.path, rule.project) for rule in known] or [("", "")]
    if given["paths"] or given["projects"]:
        paths = given["paths"] or dict.fromkeys(path for path, _ in places)
        projects = given["projects"] or dict.fromkeys(project for _, project in places)
        places = [*itertools.product(paths, projects)]
    return [
        msgspec.structs.replace(changed, path=path, project=project) for path, project in places
    ]


def has_rules(given: dict[str, Any]) -> bool:
    """Return whether an option is part of a rule."""
    return any(given[option] for option in ("events", *OF_RULES))


def events_of(text: str, field: str) -> list[NoticeEvent]:
    """Return the events of an option, which separates them by commas.

    Raises:
        Invalid: an event is unknown.
    """
    events = [event.strip() for event in text.split(",")]
    return [check_choice(field, event, EVENTS) for event in events if event]


def digest_of(given: dict[str, Any], known: DigestLimit) -> DigestLimit:
    names = {"most": "most", "window_seconds": "window"}
    changes = {name: given[option] for name, option in names.items() if given[option] is not None}
    return msgspec.structs.replace(known, **changes)
