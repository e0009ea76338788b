"""Service operations on notice channels."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import nbyard
from nbyard.domain.callers import Caller
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.lineage.openlineage import sample_event
from nbyard.domain.naming.names import check_name
from nbyard.domain.naming.unique_names import MAX_TOLD
from nbyard.domain.notices.channel_urls import check_channel_url
from nbyard.domain.notices.rules import check_digest, check_rules
from nbyard.domain.notices.structs import (
    Channel,
    ChannelCounts,
    ChannelPatch,
    ChannelSecret,
    ChannelTest,
    ChannelUrl,
    Message,
    NewChannel,
    Notice,
    NoticeRule,
    Receiver,
)
from nbyard.domain.paging import Page, check_choice, page_of
from nbyard.domain.parsing.urls import AllowedHosts
from nbyard.errors import InUse, Invalid, StaleWrite
from nbyard.host import clock
from nbyard.services.operation import operation
from nbyard.services.service_context import Service
from nbyard.services.workflows.pushed_workflows import PushedNames
from nbyard.transfer.notices.sender import describe_url, send_message

if TYPE_CHECKING:
    from nbyard.domain.notices.structs import ChannelAddress
    from nbyard.store import Connection

OUTCOMES = ("waiting", "sent", "failed")
TEST_TYPE = "nbyard.channel.test"


class ChannelService(Service):
    """Notice channels: where messages about runs are sent. URLs are never returned."""

    noun = "channels"

    @operation("POST", "/channels", scope="channels:write", status=201)
    def create(self, caller: Caller, body: NewChannel) -> Channel:
        """Create a notice channel."""
        name = _name(body.name)
        check_digest(body.digest)
        rules = self.matching_rules(caller.name, body.rules)
        address = self._address(body.url)
        now = clock.now()
        made = Channel(
            id=new_id(),
            name=name,
            owner=caller.name,
            revision=1,
            digest=body.digest,
            created_at=now,
            updated_at=now,
            **msgspec.structs.asdict(address),
        )
        with self._store.write() as c:
            self._store.channels.check_free(c, caller.name, name)
            self._store.channels.insert_sealed(c, made, self._secret(body.url))
            self._store.rules.replace(c, caller.name, made.id, rules)
        return self.get(caller, made.id)

    @operation("GET", "/channels", scope="channels:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", search: str = ""
    ) -> Page[Channel]:
        """List notice channels without their secrets, newest first."""
        with self._store.read() as c:
            channels = self._store.channels.page(c, caller.name, limit + 1, after, search)
            shown = self._with_rules_and_counts(c, channels)
        return page_of(shown, limit)

    @operation("GET", "/channels/{channel}", scope="channels:read")
    def get(self, caller: Caller, channel: str) -> Channel:
        """Show a notice channel, by ID or name, with its rules and its last error."""
        with self._store.read() as c:
            record = self._store.channels.find(c, caller.name, channel)
            return self._with_rules_and_counts(c, [record])[0]

    @operation("PATCH", "/channels/{channel}", scope="channels:write")
    def update(self, caller: Caller, channel: str, body: ChannelPatch) -> Channel:
        """Change a notice channel. Omitted fields keep their values.

        Raises:
            StaleWrite: another request changed the channel.
        """
        columns: dict[str, Any] = {}
        secret, rules = None, None
        with self._store.read() as c:
            record = self._store.channels.find(c, caller.name, channel)
            known = self._store.rules.of_channels(c, [record.id]).get(record.id, [])
        if body.revision != record.revision:
            raise StaleWrite
        if isinstance(body.name, str):
            columns["name"] = _name(body.name)
        if not isinstance(body.digest, msgspec.UnsetType):
            check_digest(body.digest)
            columns["digest"] = msgspec.to_builtins(body.digest)
        if not isinstance(body.rules, msgspec.UnsetType):
            rules = self.matching_rules(caller.name, body.rules, known)
        if isinstance(body.url, str):
            columns |= msgspec.structs.asdict(self._address(body.url))
            secret = self._secret(body.url)
        with self._store.write() as c:
            if "name" in columns:
                self._store.channels.check_free(c, caller.name, columns["name"], record.id)
            self._store.channels.change_sealed(c, record, secret, **columns)
            if rules is not None:
                self._store.rules.replace(c, caller.name, record.id, rules)
        # Messages that waited for a working URL are due at once after a change of the URL.
        self._context.watch()
        return self.get(caller, record.id)

    @operation("DELETE", "/channels/{channel}", scope="channels:write", status=204)
    def delete(self, caller: Caller, channel: str, force: bool = False) -> None:
        """Delete a notice channel with its waiting messages.

        Fails while an automation uses it, unless `force` is set.

        Raises:
            InUse: a rule uses the channel.
        """
        with self._store.write() as c:
            record = self._store.channels.find(c, caller.name, channel)
            users = self._store.rules.automations_of(c, [record.id]).get(record.id, [])
            if users and not force:
                why = f"'{record.name}' is used by {', '.join(users[:MAX_TOLD])}."
                raise InUse(why, hint="Remove it from these, or force the deletion.")
            self._store.channels.delete(c, record)

    @operation("POST", "/channels/{channel}/test", scope="channels:write")
    def test(self, caller: Caller, channel: str) -> ChannelTest:
        """Send a test message now, and return the answer of the channel.

        After a success, messages that wait because of an error are sent at once.
        """
        with self._store.read() as c:
            record = self._store.channels.find(c, caller.name, channel)
            receiver = self._store.channels.with_url(c, record)
        now = clock.now()
        # No transaction is open here: a slow channel would block all writers of the store.
        delivery = send_message(receiver, self._test_message(record.name, record.kind))
        with self._store.write() as c:
            if delivery.reason is None:
                self._store.channels.note_sent(c, record, now)
            else:
                # A failed test does not change the pause of the messages that wait, which the
                # dispatcher may have set during the test.
                later = self._store.channels.find(c, caller.name, channel).retry_at
                self._store.channels.note_failed(c, record, now, delivery.reason, later)
        self._context.watch()
        return ChannelTest(delivery.reason is None, delivery.reason)

    @operation("POST", "/channel-tests", scope="channels:write")
    def test_url(self, caller: Caller, body: ChannelUrl) -> ChannelTest:
        """Send a test message to a URL, without saving anything."""
        to = self._address(body.url)
        hosts = [*self._context.settings.allowed_private_hosts]
        receiver = Receiver(body.url, to.kind, to.service, hosts)
        delivery = send_message(receiver, self._test_message(to.service, to.kind))
        return ChannelTest(delivery.reason is None, delivery.reason)

    @operation("GET", "/channels/{channel}/notices", scope="channels:read")
    def notices(
        self, caller: Caller, channel: str, limit: int = 50, after: str = "", outcome: str = ""
    ) -> Page[Notice]:
        """List the events that were reported to a channel, newest first.

        Raises:
            Invalid: the outcome is unknown.
        """
        if outcome:
            check_choice("outcome", outcome, OUTCOMES)
        with self._store.read() as c:
            record = self._store.channels.find(c, caller.name, channel)
            page = self._store.notices.page(c, record.id, limit + 1, after, outcome)
        return page_of(page, limit)

    def _with_rules_and_counts(
        self, c: Connection, channels: builtins.list[Channel]
    ) -> builtins.list[Channel]:
        ids = [channel.id for channel in channels]
        names = {
            owner: PushedNames(self._store, c, owner)
            for owner in {channel.owner for channel in channels}
        }
        rules = self._store.rules.of_channels(c, ids)
        automations = self._store.rules.automations_of(c, ids)
        counts = self._store.notices.counts(c, ids)
        return [
            msgspec.structs.replace(
                channel,
                rules=[
                    self.with_shown_path(rule, names[channel.owner])
                    for rule in rules.get(channel.id, [])
                ],
                automations=[*dict.fromkeys(automations.get(channel.id, []))],
                counts=counts.get(channel.id, ChannelCounts()),
            )
            for channel in channels
        ]

    def with_shown_path(self, rule: NoticeRule, names: PushedNames) -> NoticeRule:
        path = self._context.files.without_root(names.shown(rule.path))
        return msgspec.structs.replace(rule, path=path)

    def matching_rules(
        self, owner: str, rules: Iterable[NoticeRule], known: Iterable[NoticeRule] = ()
    ) -> builtins.list[NoticeRule]:
        """Check rules. Return them with real paths of files and IDs of projects.

        Files in rules that are `known` already are not checked. They may be deleted or, for pushed
        projects, be in the store.

        Raises:
            Invalid: There is no such project or file.
        """
        given = [*rules]
        with self._store.read() as c:
            names = PushedNames(self._store, c, owner)
            pushed = {rule.path: names.real(c, rule.path) for rule in given}
        present = {self.with_shown_path(rule, names).path: rule.path for rule in known}
        present |= {shown: path for shown, path in pushed.items() if path}
        check_rules(given)
        projects = self._project_ids(owner, given)
        checked_rules = []
        for place, rule in enumerate(given):
            path, field = rule.path, f"rules.{place}.path"
            if path in present:
                path = present[path]
            elif path:
                path = str(self._context.files.locate_code(path, field))
                is_there = Path(split_function_path(path).file).is_file()
                if path not in present.values() and not is_there:
                    raise Invalid.field(field, f"{rule.path} does not exist")
            project = projects.get(rule.project, "")
            checked_rules.append(msgspec.structs.replace(rule, path=path, project=project))
        return checked_rules

    def _project_ids(self, owner: str, rules: Iterable[NoticeRule]) -> dict[str, str]:
        project_ids: dict[str, str] = {}
        with self._store.read() as c:
            for place, rule in enumerate(rules):
                if key := rule.project:
                    project_id = self._store.projects.id_of(c, owner, key)
                    if project_id is None:
                        why = f"There is no project '{key[:80]}'."
                        raise Invalid.field(f"rules.{place}.project", why)
                    project_ids[key] = project_id
        return project_ids

    def _address(self, url: str) -> ChannelAddress:
        hosts = self._context.settings.allowed_private_hosts
        check_channel_url(url, AllowedHosts.parse(hosts))
        return describe_url(url, hosts)

    def _secret(self, url: str) -> ChannelSecret:
        settings = self._context.settings
        return ChannelSecret(url, [*settings.allowed_private_hosts], settings.public_url)

    def _test_message(self, channel: str, kind: str) -> Message:
        message_id, now = new_id(), clock.now()
        if kind == "openlineage":
            event = sample_event(message_id, now, nbyard.__version__, channel)
        else:
            # A CloudEvent 1.0, like the other messages to a URL.
            event = {
                "specversion": "1.0",
                "id": message_id,
                "source": f"/nbyard/{self._store.id}",
                "type": TEST_TYPE,
                "time": now.isoformat().replace("+00:00", "Z"),
                "datacontenttype": "application/json",
                "data": {"channel": channel},
            }
        body = f"nbyard can send messages to the channel {channel}."
        return Message(message_id, "Test message of nbyard", body, [event])


def _name(text: str) -> str:
    name = check_name(text)
    if is_id(name):
        raise Invalid.field("name", "may not be an id: these name other channels")
    return name
