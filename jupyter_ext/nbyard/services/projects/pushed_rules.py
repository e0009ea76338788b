"""The notice rules and retention policies that a pushed project file defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.naming.unique_names import nearest_names
from nbyard.domain.notices.rules import MOST_RULES, check_rules
from nbyard.domain.projects.definitions import (
    FILE,
    MOST_BYTES,
    Entries,
    ProjectDefinition,
    entry_path,
    read_definition,
)
from nbyard.domain.projects.structs import (
    ChannelRules,
    NewProject,
    NotificationEntry,
    entry_of_rule,
    sorted_entries,
)
from nbyard.domain.runs.retention import MOST_POLICIES, PolicyRules
from nbyard.errors import Detail, Invalid, NbyardError, StaleWrite
from nbyard.freezing.pushed_folders import folder_of
from nbyard.services.projects.pushed_files import files_of
from nbyard.services.requests import fields_below

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path

    from nbyard.domain.notices.structs import NoticeRule
    from nbyard.domain.projects.definitions import ProjectChange
    from nbyard.domain.projects.structs import Project
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection


class PushedRules(msgspec.Struct, frozen=True):
    """The checked rules and policies of a project file, and those that a push may replace."""

    notifications: dict[str, ChannelRules]
    policies: dict[str, PolicyRules]
    present: Entries


def checked_rules(
    context: ServiceContext,
    c: Connection,
    owner: str,
    project: Project | None,
    definition: ProjectDefinition,
    files: Container[str],
) -> PushedRules:
    """Check the rules and policies of a project file. Return them with the stored ones.

    Rules and policies of an earlier push that the file lacks now are deleted. Others stay.

    Raises:
        Invalid: a field is refused, or a channel is unknown.
    """
    notifications = _checked_rules(definition.notifications, files)
    named = [(entry_path("notifications", name), name) for name in notifications]
    for schedule, entry in definition.schedules.items():
        where = entry_path("schedules", schedule) + ".notify"
        named += [(entry_path(where, name), name) for name in entry.notify or ()]
    channels = {*context.store.channels.names(c, owner).values()} if named else set()
    for where, name in named:
        if name not in channels:
            why = f"There is no notice channel '{name[:80]}'; {nearest_names(channels, name[:80])}."
            hint = f"Create the channel with: nbyard channels create {name[:80]} --on none"
            raise Invalid.fields([Detail.of(where, why)], hint=hint)
    policies = {}
    for name, rules in definition.retention.items():
        with fields_below(entry_path("retention", name)):
            policies[rules.check(name)] = rules
    if len(policies) > MOST_POLICIES:
        raise Invalid.field("retention", f"there may be at most {MOST_POLICIES} retention policies")
    before = last_pushed_definition(context, project)
    stored, known = stored_rules(context, c, project), stored_policies(context, c, project)
    # Rules of other channels, and other policies, were never pushed: somebody else made them.
    own = {*notifications, *before.notifications}
    present: Entries = {
        "notification": {name: stored[name] for name in own & {*stored}},
        "policy": {name: known[name] for name in {*policies, *before.retention} & {*known}},
    }
    return PushedRules(notifications, policies, present)


def stored_rules(
    context: ServiceContext, c: Connection, project: Project | None
) -> dict[str, ChannelRules]:
    """Return a project's stored rules by channel, in the form of entries of a project file."""
    entries_by_channel: dict[str, list[NotificationEntry]] = {}
    if project is not None:
        for name, rule in context.store.rules.of_project(c, project.id):
            path = _path_inside(context, project.id, rule)
            if path is not None:
                entries_by_channel.setdefault(name, []).append(entry_of_rule(rule, path))
    return {
        name: ChannelRules(sorted_entries(entries)) for name, entries in entries_by_channel.items()
    }


def stored_policies(
    context: ServiceContext, c: Connection, project: Project | None
) -> dict[str, PolicyRules]:
    """Return the policies of a project by name."""
    if project is None:
        return {}
    return {policy.name: policy.rules for policy in context.store.retention.of_project(c, project)}


def apply_rules(
    context: ServiceContext,
    c: Connection,
    project: Project,
    wanted: PushedRules,
    changes: Iterable[ProjectChange],
    folder: Path,
) -> None:
    """Store the rules and policies of a push. `folder` is the folder with its files.

    Raises:
        StaleWrite: A channel was deleted or changed meanwhile.
    """
    for change in changes:
        if change.kind == "notification" and change.action == "delete":
            _replace(context, c, project, change.name, [])
        elif change.kind == "policy" and change.action == "delete":
            context.store.retention.delete_policy(c, project, change.name)
        elif change.kind == "policy":
            policy = wanted.policies[change.name]
            context.store.retention.set_policy(c, project, change.name, policy)
    # Unchanged rules use the files of the folder too.
    for name, own in wanted.notifications.items():
        rules = [entry.rule(str(folder), project.id) for entry in own.rules]
        _replace(context, c, project, name, rules)


def _replace(
    context: ServiceContext, c: Connection, project: Project, name: str, rules: list[NoticeRule]
) -> None:
    """Replace the rules of a channel for runs of the project.

    Rules for files elsewhere stay.
    """
    store = context.store
    channel = store.channels.get(c, project.owner, name)
    if channel is None:
        raise StaleWrite
    own = [
        stored.rule
        for stored in store.rules.of_owner(c, project.owner)
        if stored.channel_id == channel.id and not stored.automation_id
    ]
    kept = [
        rule
        for rule in own
        if rule.project != project.id or _path_inside(context, project.id, rule) is None
    ]
    if own == [*kept, *rules]:
        return  # a form that shows the channel stays up to date
    if len(kept) + len(rules) > MOST_RULES:
        why = f"there may be at most {MOST_RULES} rules"
        raise Invalid.field(entry_path("notifications", name), why)
    store.rules.replace(c, project.owner, channel.id, [*kept, *rules])
    store.channels.change(c, channel)


def _checked_rules(
    entries: Mapping[str, list[NotificationEntry]], files: Container[str]
) -> dict[str, ChannelRules]:
    """Check the rules of a project file.

    Return them by channel, in the form used to compare them.
    """
    checked = {}
    for name, rules in entries.items():
        where = entry_path("notifications", name)
        check_rules([entry.rule("", "") for entry in rules], where)
        for place, entry in enumerate(rules):
            if entry.path and entry.path.partition("::")[0] not in files:
                why = f"{entry.path[:200]} is not among the files that are sent"
                raise Invalid.field(f"{where}.{place}.path", why)
        checked[name] = ChannelRules(sorted_entries(rules))
    return checked


def last_pushed_definition(context: ServiceContext, project: Project | None) -> ProjectDefinition:
    """Return the project file of the last push, or an empty one if there was no push."""
    nothing = ProjectDefinition(NewProject(""))
    known = files_of(context, project.files if project else "").get(FILE)
    if known is None:
        return nothing
    try:
        with context.blobs.open(known.digest) as file:
            return read_definition(file.read(MOST_BYTES))
    except NbyardError:  # another version of nbyard wrote the file, with other fields
        return nothing


def _path_inside(context: ServiceContext, project_id: str, rule: NoticeRule) -> str | None:
    """Return a rule's path relative to the folder of pushed files, None for a file elsewhere."""
    if not rule.path:
        return ""
    inside = rule.path.removeprefix(f"{folder_of(context.store, project_id)}/")
    return None if inside == rule.path else inside.partition("/")[2]
