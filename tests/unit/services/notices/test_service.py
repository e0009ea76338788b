"""channels.*: what is stored, refused, tested and shown, and that URLs stay secret."""

from typing import Any

import msgspec
import pytest
from tests.support.refusals import refused_at

from nbyard.domain.automations.structs import NewAutomation
from nbyard.domain.callers import Caller
from nbyard.domain.notices.structs import (
    ChannelAddress,
    ChannelCounts,
    ChannelPatch,
    ChannelTest,
    ChannelUrl,
    Delivery,
    NewChannel,
    NoticeRule,
)
from nbyard.domain.projects.structs import NewProject, ProjectPatch
from nbyard.errors import InUse, Invalid, NameTaken, NotFound, StaleWrite
from nbyard.reasons.structs import because
from nbyard.services.notices import service
from nbyard.services.operation_table import table
from nbyard.store.credentials.vault import Vault
from nbyard.store.notices.announce import announce_long

from ...domain.lineage.openlineage_schema import check_event

URL = "https://h.test/T/s3cr3t"
RULES = [{"events": ["failed", "recovered"], "path": "report.py"}, {"events": ["retried"]}]
WHY = because("channel-answered", service="webhook", status=500)


@pytest.fixture
def answers(monkeypatch):
    """Describe each URL as a webhook, and answer each message from the list."""
    found: list[Delivery] = []

    def describe(url, allowed=(), field="url"):
        if "unknown" in url:
            raise Invalid.field(field, because("unknown-channel-url"))
        if url.startswith("openlineage"):
            return ChannelAddress("openlineage", "OpenLineage", "https://h.test/…")
        return ChannelAddress("webhook", "webhook", "https://h.test/…")

    def send(receiver, message):
        assert receiver.url.endswith(URL)
        if receiver.kind == "openlineage":
            check_event(message.events[0])
        return found.pop(0) if found else Delivery()

    monkeypatch.setattr(service, "describe_url", describe)
    monkeypatch.setattr(service, "send_message", send)
    return found


@pytest.fixture
def channels(yard, root, answers):
    (root / "report.py").write_text("print()\n")
    return yard.services.channels


@pytest.fixture
def made(channels, ann):
    return channels.create(ann, new(rules=RULES))


def new(**body: Any) -> NewChannel:
    return msgspec.convert({"name": "team", "url": URL, **body}, NewChannel)


def patch(made, **body: Any) -> ChannelPatch:
    return msgspec.convert({"revision": made.revision, **body}, ChannelPatch)


def test_a_channel_is_stored_and_its_url_never_returned(channels, ann, made):
    assert (made.name, made.kind, made.address) == ("team", "webhook", "https://h.test/…")
    assert [rule.path for rule in made.rules] == ["report.py", ""]
    assert made.counts == ChannelCounts()
    assert channels.get(ann, "team") == channels.get(ann, made.id) == made
    assert channels.list(ann).items == [made] == channels.list(ann, search="TEA").items
    assert b"s3cr3t" not in msgspec.json.encode([made, channels.notices(ann, "team")])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://h.test/"}, "url"),
        ({"url": "unknown://a"}, "url"),
        ({"name": "a\r\nBcc: x@y"}, "name"),
        ({"name": "01900000-0000-7000-8000-000000000000"}, "name"),
        ({"rules": [{"events": []}]}, "rules.0.events"),
        ({"rules": [{"events": ["failed"], "path": "gone.py"}]}, "rules.0.path"),
        ({"rules": [{"events": ["failed"], "project": "gone"}]}, "rules.0.project"),
        ({"digest": {"most": 0}}, "digest.most"),
    ],
)
def test_a_refusal_names_its_field_and_stores_nothing(channels, ann, body, field):
    with refused_at(field):
        channels.create(ann, new(**body))
    assert channels.list(ann).items == []


def test_names_are_unique_and_unknown_ones_are_named(channels, ann, made):
    with pytest.raises(NameTaken):
        channels.create(ann, new())
    with pytest.raises(NotFound) as caught:
        channels.get(ann, "tea")
    assert "team" in (caught.value.hint or "")
    with pytest.raises(NotFound):
        channels.get(Caller("bob"), made.id)


def test_changes_keep_omitted_fields(channels, ann, made):
    renamed = channels.update(ann, "team", patch(made, name="other"))
    assert (renamed.name, renamed.rules, renamed.revision) == ("other", made.rules, 2)
    with pytest.raises(StaleWrite):
        channels.update(ann, made.id, patch(made, name="stale"))
    rules = [{"events": ["succeeded"]}]
    changed = channels.update(ann, made.id, patch(renamed, rules=rules, digest={"most": 2}))
    assert changed.rules == [NoticeRule(["succeeded"])] and changed.digest.most == 2
    with pytest.raises(Invalid):
        channels.update(ann, made.id, patch(changed, url="http://127.0.0.1:1/"))


def test_a_rule_names_a_project_of_its_owner(channels, yard, ann):
    projects = yard.services.projects
    wine = projects.create(ann, NewProject("wine"))
    projects.create(Caller("bob"), NewProject("beer"))
    for key in ("wine", wine.id):
        made = channels.create(
            ann, new(name=key[:4], rules=[{"events": ["failed"], "project": key}])
        )
        assert made.rules == [NoticeRule(["failed"], project="wine")]
    with pytest.raises(Invalid, match="beer"):
        channels.create(ann, new(rules=[{"events": ["failed"], "project": "beer"}]))
    projects.update(ann, "wine", ProjectPatch(wine.revision, name="red wine"))
    assert channels.get(ann, "wine").rules[0].project == "red wine"
    projects.delete(ann, wine.id)
    assert channels.get(ann, "wine").rules == []


def test_a_rule_outlives_its_file(channels, ann, made, root):
    (root / "report.py").unlink()
    changed = channels.update(ann, made.id, patch(made, rules=[RULES[0]]))
    assert [rule.path for rule in changed.rules] == ["report.py"]


def test_a_test_message_reports_the_answer(channels, ann, made, answers):
    assert channels.test(ann, "team") == ChannelTest(True)
    assert channels.get(ann, "team").sent_at is not None
    answers.append(Delivery(WHY))
    assert channels.test(ann, "team") == ChannelTest(False, WHY)
    assert channels.get(ann, "team").error == WHY
    channels.test(ann, "team")
    assert channels.get(ann, "team").error is None


def test_a_url_is_tested_before_there_is_a_channel(channels, ann, answers):
    assert channels.test_url(ann, ChannelUrl(URL)) == ChannelTest(True)
    answers.append(Delivery(WHY))
    assert channels.test_url(ann, ChannelUrl(URL)) == ChannelTest(False, WHY)
    assert channels.test_url(ann, ChannelUrl(f"openlineage+{URL}")).is_sent
    with refused_at("url"):
        channels.test_url(ann, ChannelUrl("http://127.0.0.1:1/"))
    assert channels.list(ann).items == []


def test_a_channel_for_openlineage_gets_an_event_of_that_format(channels, ann):
    made = channels.create(ann, new(url=f"openlineage+{URL}"))
    assert (made.kind, made.service) == ("openlineage", "OpenLineage")
    assert channels.test(ann, "team") == ChannelTest(True)


def test_a_channel_of_a_schedule_is_deleted_by_force_only(yard, channels, ann, made):
    body = {"run": {"path": "report.py"}, "on": {"kind": "phrase", "text": "daily at 6"}}
    wanted = {**body, "notify": [{"channel": "team"}]}
    automation = yard.services.automations.create(ann, msgspec.convert(wanted, NewAutomation))
    assert [one.channel for one in automation.notify] == ["team"]
    assert channels.get(ann, "team").automations == ["report"]
    with pytest.raises(InUse):
        channels.delete(ann, "team")
    channels.delete(ann, "team", force=True)
    assert yard.services.automations.get(ann, automation.id).notify == []


def test_notices_are_listed_by_outcome(yard, channels, ann, made):
    with pytest.raises(Invalid):
        channels.notices(ann, "team", outcome="lost")
    with yard.store.write() as c:
        announce_long(c, "no run", [])
    assert channels.notices(ann, "team", outcome="waiting").items == []


def test_keys_are_replaced_for_channels_too(yard, channels, ann, made, monkeypatch):
    old = (yard.store.folder / "crypt.key").read_text().strip()
    monkeypatch.setenv("NBYARD_CRYPT_KEY", f"{'cd' * 32};{old}")
    yard.store.channels.vault = yard.store.credentials.vault = Vault(yard.store.folder)
    assert yard.services.credentials.reseal(ann).count == 1
    assert channels.test(ann, "team").is_sent


def test_each_name_of_a_channel_can_be_used_in_a_path():
    paths = {one.path for one in table() if one.path.startswith("/channels/")}
    assert paths and all(path.startswith("/channels/{channel}") for path in paths)
